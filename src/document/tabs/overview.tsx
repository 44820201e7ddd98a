/** The run at a glance: how many, how long, what was not repeated; why it ran, and what failed. */
import React from 'react';

import { Cards } from '../cards';
import { Histogram } from '../charts/histogram';
import { Known, useTiming } from '../charts/timing';
import { alarms } from '../../models/alarms';
import { AnswersModel } from '../../models/answers';
import { withNews } from '../../models/runpages';
import { ClusterLine } from '../../panels/clusterline';
import {
  count,
  failedWord,
  noAlarm,
  oneLine,
  span,
  statusState,
  standing
} from '../../panels/format';
import { originWord } from '../origin';
import { Bar, CommandButton, StateWord, useHost, useSignals } from '../../panels/parts';
import { dayTime, moment } from '../../panels/when';
import { reasonWord } from '../../panels/planreasons';
import { Said } from '../../panels/said';
import { Commands } from '../../tokens';
import type { IGroup, IRun, ITiming } from '../../tokens';
import type { ITabProps } from '../tab';

/** Groups that are listed; runs, and how many more of them at a time. */
const GROUPS = 3;
const RUNS = 6;
const MORE = 50;

export default function Overview(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { run, requests } = model;
  useSignals(run.changed);
  const [timing, ref] = useTiming(model, null);
  const answers = React.useMemo(() => new AnswersModel(run, requests), [run, requests]);
  React.useEffect(() => () => answers.dispose(), [answers]);
  useSignals(answers.changed);
  const { answer } = timing;
  return (
    <div ref={ref} className="jp-datum-view">
      <div className="jp-datum-notes">
        <Said run={run} />
      </div>
      {run.counts ? (
        <Cards run={run} timing={answer} answers={answers} />
      ) : (
        <p className="jp-datum-muted">{trans.__('Reading the run …')}</p>
      )}
      <div className="jp-datum-split">
        <div className="jp-datum-stack">
          {answer?.times ? <Durations {...props} timing={answer} /> : null}
          <Runs {...props} answers={answers} />
        </div>
        <div className="jp-datum-stack">
          <Groups {...props} />
          <Why {...props} />
          <What {...props} />
        </div>
      </div>
    </div>
  );
}

function Durations(props: ITabProps & { timing: ITiming }): JSX.Element | null {
  const { trans } = useHost();
  const { model, timing } = props;
  const { histogram, times } = timing;
  if (!histogram || !times) {
    return null;
  }
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('How long each took')}</span>
        <span className="jp-datum-remark">
          <Known timing={timing} />
          {' · '}
          <button className="jp-datum-link" onClick={() => model.go({ tab: 'timing' })}>
            {trans.__('slowest, workers')}
          </button>
        </span>
      </h2>
      <Histogram columns={histogram} times={times} height={180} />
    </section>
  );
}

/** The largest groups of failures. */
function Groups(props: ITabProps): JSX.Element | null {
  const { trans } = useHost();
  const { model } = props;
  const { groups, other, counts } = model.run;
  if (!counts?.failed || !groups.length) {
    return null;
  }
  const n = groups.length + (other?.groups ?? 0);
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Failures')}</span>
        <span className="jp-datum-remark">
          <button className="jp-datum-link" onClick={() => model.go({ tab: 'failures' })}>
            {trans._n('1 group', 'all %2 groups', n, count(n))}
          </button>
        </span>
      </h2>
      <div className="jp-datum-rows" data-kind="groups">
        {[...groups]
          .sort((one, two) => two.datums - one.datums)
          .slice(0, GROUPS)
          .map(group => (
            <Group key={group.id} group={group} onOpen={() => open(props, group)} />
          ))}
      </div>
    </section>
  );
}

function open(props: ITabProps, group: IGroup): void {
  props.model.go({ tab: 'failures', group: group.id });
}

function Group(props: { group: IGroup; onOpen: () => void }): JSX.Element {
  const { group, onOpen } = props;
  return (
    <button className="jp-datum-line" onClick={onOpen}>
      <b className="jp-datum-bad">{count(group.datums)}</b>
      <span className="jp-datum-grow jp-datum-cut">
        <b>{oneLine(group.type)}</b> <bdi>{oneLine(group.message)}</bdi>
      </span>
    </button>
  );
}

/** Why datums ran, with how many. */
function Why(props: ITabProps): JSX.Element | null {
  const { trans } = useHost();
  const reasons = Object.entries(props.model.run.info?.reasons ?? {}).filter(([, n]) => n);
  if (!reasons.length) {
    return null;
  }
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Why')}</span>
      </h2>
      <dl className="jp-datum-named jp-datum-counts">
        {reasons
          .sort(([, one], [, two]) => two - one)
          .map(([reason, n]) => (
            <React.Fragment key={reason}>
              <dt>{reasonWord(trans, reason)}</dt>
              <dd>{count(n)}</dd>
            </React.Fragment>
          ))}
      </dl>
    </section>
  );
}

/** What it runs on, and when it did. */
function What(props: ITabProps): JSX.Element | null {
  const { trans } = useHost();
  const { model } = props;
  const { run, project } = model;
  const { info, counts } = run;
  if (!info || !counts) {
    return null;
  }
  const began = info.started ?? info.requested;
  const end = counts.ended ?? (run.ended ? null : Date.now() / 1000);
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Run %1', info.id)}</span>
        <span className="jp-datum-remark">
          <CommandButton
            command={Commands.report}
            args={{ project, transform: info.name, show: true }}
            icon="open"
            kind="flat"
            label={trans.__('Report')}
            title={trans.__('A page of its own with all that is known, to read or to print')}
          />
          <CommandButton
            command={Commands.report}
            args={{ project, transform: info.name }}
            icon="save"
            kind="icon"
            label={trans.__('Save the report as a file')}
          />
        </span>
      </h2>
      <dl className="jp-datum-named">
        <dt>{trans.__('started')}</dt>
        <dd>{moment(began)}</dd>
        {end ? (
          <>
            <dt>{counts.ended ? trans.__('took') : trans.__('for')}</dt>
            <dd>{span(Math.max(0, end - began))}</dd>
          </>
        ) : null}
        {counts.executions ? (
          <>
            <dt>{trans.__('work')}</dt>
            <dd>
              {trans._n(
                '%3 in 1 attempt',
                '%3 in %2 attempts',
                counts.executions,
                count(counts.executions),
                span(counts.seconds)
              )}
            </dd>
          </>
        ) : null}
        {info.late ? (
          <>
            <dt>{trans.__('dropped')}</dt>
            <dd>
              {trans._n(
                '%2 result: its datum had been given to another worker',
                '%2 results: their datums had been given to other workers',
                info.late,
                count(info.late)
              )}
            </dd>
          </>
        ) : null}
        <dt>{trans.__('started from')}</dt>
        <dd>{originWord(trans, info.origin)}</dd>
      </dl>
      <ClusterLine run={run} />
    </section>
  );
}

/** The newest runs of the transform, this one among them. */
function Runs(props: ITabProps & { answers: AnswersModel }): JSX.Element | null {
  const { trans } = useHost();
  const { model, answers } = props;
  useSignals(model.runs.changed);
  const { whole } = answers;
  const runs = withNews(answers.runs, model.runs.runs(model.project), model.run.info?.name ?? '');
  const [wanted, setWanted] = React.useState(RUNS);
  const more = () => {
    setWanted(wanted + MORE);
    if (wanted + MORE >= runs.length) {
      void answers.more();
    }
  };
  if (runs.length < 2) {
    return null;
  }
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Runs')}</span>
        <span className="jp-datum-remark">{trans.__('of this transform, newest first')}</span>
      </h2>
      <div className="jp-datum-rows">
        {runs.slice(0, wanted).map(one => (
          <RunLine key={one.uuid} project={model.project} one={one} mine={model.run.uuid} />
        ))}
      </div>
      {runs.length > wanted || !whole ? (
        <button className="jp-datum-link" onClick={more}>
          {trans.__('Earlier runs')}
        </button>
      ) : null}
    </section>
  );
}

function RunLine(props: { project: string; one: IRun; mine: string }): JSX.Element {
  const { trans, commands } = useHost();
  const { project, one, mine } = props;
  const began = one.started ?? one.requested;
  const show = () =>
    void commands
      .execute(Commands.openRun, { project, run: one.uuid, tab: 'overview' })
      .catch(() => undefined);
  return (
    <button
      className="jp-datum-line"
      aria-current={one.uuid === mine ? 'true' : undefined}
      onClick={show}
    >
      <span className="jp-datum-run-id">{trans.__('run %1', one.id)}</span>
      <span className="jp-datum-run-state">
        <StateWord state={statusState(one.status)} word={standing(trans, one)} />
      </span>
      <span className="jp-datum-grow">
        <Bar counts={one} total={one.total} thin />
      </span>
      <span className="jp-datum-run-failed">
        {one.failed ? (
          <span
            className={noAlarm(one) ? 'jp-datum-muted' : 'jp-datum-bad'}
            title={failedWord(trans, one)}
          >
            {count(alarms(one) || one.failed)}
          </span>
        ) : null}
      </span>
      <span className="jp-datum-muted jp-datum-run-took">
        {one.ended ? span(one.ended - began) : ''}
      </span>
      <span className="jp-datum-muted jp-datum-run-when">{dayTime(began)}</span>
    </button>
  );
}
