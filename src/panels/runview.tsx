/** The selected run: the big figure, the bar, the counts, the pace, and what can be done. */
import React from 'react';

import type { RunModel } from '../models/run';
import { ENDED } from '../tokens';
import type { ICounts, State } from '../tokens';
import { Slowest } from './atwork';
import { ClusterLine, coming, Coming } from './clusterline';
import { clock, count, leftAlone, oneLine, ofAll, percent, rate, span, stateWord } from './format';
import { Bar, byState, doneOf, StateWord, useClock, useHost, useSignals } from './parts';
import { later } from './later';
import { RunButtons } from './runbuttons';

// Most runs have nothing to say beside their counts.
const Said = later(async () => (await import('./said')).Said);

/** The order in which counts are listed; those that are zero are not. */
const LISTED: readonly State[] = [
  'success',
  'failed',
  'running',
  'pending',
  'skipped',
  'recovered',
  'cancelled'
];

/** Those that have a place from the start: what is below would move with each that comes. */
const LIVE: ReadonlySet<State> = new Set(['success', 'failed', 'running', 'pending'] as const);

/** The run's section. */
export const RunView = React.memo(function RunView(props: {
  run: RunModel;
  /** Seconds that nearly all datums take, where somebody knows them. */
  slow?: number | null;
  /** Whether the open cell is another than the one that ran; null: not known. */
  edited?: boolean | null;
}): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const { counts, total } = run;
  if (!counts) {
    return <div className="jp-datum-body jp-datum-muted">{trans.__('Reading the run …')}</div>;
  }
  const parts = byState(counts, total);
  const done = doneOf(parts, total);
  const left = leftAlone(run.info, parts.skipped);
  const shown = { ...parts, skipped: parts.skipped - left };
  const live = !ENDED.has(counts.status) && counts.status !== 'interrupted';
  const listed = (state: State) => shown[state] || (live && LIVE.has(state));
  return (
    <div className="jp-datum-body">
      <Figure run={run} done={done} counts={counts} />
      <Bar counts={counts} total={total} />
      <div className="jp-datum-chips">
        {LISTED.filter(listed).map(state => (
          <Chip key={state} state={state} word={stateWord(trans, state)} n={shown[state]} />
        ))}
        {left ? <Chip state="skipped" word={trans.__('left as they are')} n={left} /> : null}
      </div>
      {live ? <PaceLine run={run} slow={props.slow ?? null} /> : <Saved run={run} />}
      <ClusterLine run={run} told={live} />
      <Slowest run={run} />
      <Said run={run} />
      <RunButtons run={run} status={counts.status} left={parts.pending + parts.running} />
      {counts.status === 'interrupted' ? (
        <Broken run={run} edited={props.edited ?? null} atWork={parts.running} />
      ) : null}
    </div>
  );
});

function Chip(props: { state: State; word: string; n: number }): JSX.Element {
  const { state, word, n } = props;
  return (
    <span data-state={n ? state : undefined} className={n ? undefined : 'jp-datum-no-alarm'}>
      <StateWord state={state} word={word} />
      <b>{count(n)}</b>
    </span>
  );
}

function Figure(props: { run: RunModel; done: number; counts: ICounts }): JSX.Element {
  const { trans } = useHost();
  const { run, done, counts } = props;
  const { total } = run;
  if (!total) {
    return <NoDatum counts={counts} />;
  }
  if (allSaved(run)) {
    return (
      <div className="jp-datum-figure">
        <span className="jp-datum-big">{span(run.info?.saved ?? 0)}</span>
        <span className="jp-datum-muted">{trans.__('of work not repeated')}</span>
      </div>
    );
  }
  return (
    <div className="jp-datum-figure">
      <span className="jp-datum-big">{count(done)}</span>
      <span className="jp-datum-muted">{ofAll(trans, counts, total)}</span>
      <span className="jp-datum-grow" />
      {counts.planned ? (
        <span className="jp-datum-big jp-datum-percent">{percent(done, total)}</span>
      ) : null}
    </div>
  );
}

/** There is none yet, or none at all. */
function NoDatum(props: { counts: ICounts }): JSX.Element {
  const { trans } = useHost();
  const { planned, status } = props.counts;
  const none = Boolean(planned) || ENDED.has(status);
  return (
    <p className="jp-datum-muted">
      {none ? trans.__('The input holds no datum.') : trans.__('The input is being listed …')}
    </p>
  );
}

/** How fast, and how long still; its row is there as long as the run goes on, paused or not. */
function PaceLine(props: { run: RunModel; slow: number | null }): JSX.Element {
  const { trans } = useHost();
  const { run, slow } = props;
  useClock(true);
  const running = run.counts?.status === 'running';
  const stalled = running ? run.stalled(Date.now() / 1000, slow) : null;
  const eta = running ? run.eta : null;
  const cluster = coming(run);
  // Where workers are still on their way there is room for that, but for what the engine says.
  const within = cluster && stalled === null && !eta && !cluster.message;
  return (
    <>
      <div className="jp-datum-row jp-datum-pace">
        {stalled === null ? (
          <Speed run={run} running={running} />
        ) : (
          <StateWord state="interrupted" word={trans.__('no progress for %1', span(stalled))} />
        )}
        {within ? <Coming cluster={cluster} cut /> : null}
        {eta && stalled === null ? (
          <span>
            <span className="jp-datum-muted">{trans.__('left')}</span> <b>{clock(eta[0])}</b>{' '}
            <span className="jp-datum-muted jp-datum-range">
              {trans.__('(%1 to %2)', clock(eta[1]), clock(eta[2]))}
            </span>
          </span>
        ) : null}
      </div>
      {cluster && !within ? <Coming cluster={cluster} /> : null}
    </>
  );
}

function Speed(props: { run: RunModel; running: boolean }): JSX.Element | null {
  const { trans } = useHost();
  const { run, running } = props;
  return running && run.rate > 0 ? (
    <>
      <span>
        <b>{rate(run.rate)}</b>
        <span className="jp-datum-muted">{trans.__('/s')}</span>
      </span>
      <Spark values={run.history} />
      <span className="jp-datum-grow" />
    </>
  ) : null;
}

function Spark(props: { values: number[] }): JSX.Element | null {
  const [width, height] = [56, 14];
  const values = props.values.slice(-40);
  const top = Math.max(...values);
  if (values.length < 4 || !(top > 0)) {
    return null;
  }
  const points = values.map(
    (value, at) =>
      `${((at * width) / (values.length - 1)).toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`
  );
  return (
    <svg className="jp-datum-spark" width={width} height={height} aria-hidden="true">
      <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
      <polyline points={points.join(' ')} />
    </svg>
  );
}

/** What the run did not do again, where that is not the big figure; how long it took is in its title. */
function Saved(props: { run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  const saved = run.info?.saved ?? 0;
  return saved < 1 || !run.ended || allSaved(run) ? null : (
    <div className="jp-datum-row jp-datum-muted">
      {trans.__('%1 of work not repeated', span(saved))}
    </div>
  );
}

/** Nothing was left to do. */
function allSaved(run: RunModel): boolean {
  const { counts, total, info } = run;
  return total > 0 && counts?.skipped === total && (info?.saved ?? 0) > 1;
}

/** What one wants to know before a broken run is taken up again. */
function Broken(props: { run: RunModel; edited: boolean | null; atWork: number }): JSX.Element {
  const { trans } = useHost();
  const { run, edited, atWork } = props;
  const { info } = run;
  return (
    <dl className="jp-datum-known">
      {atWork ? (
        <div>
          <dt>{trans.__('Was at work')}</dt>
          <dd>{trans.__('%1, will run again', count(atWork))}</dd>
        </div>
      ) : null}
      {edited === null ? null : (
        <div>
          <dt>{trans.__('Code since then')}</dt>
          <dd>
            {edited ? (
              <StateWord state="interrupted" word={trans.__('changed')} />
            ) : (
              <StateWord state="success" word={trans.__('unchanged')} />
            )}
          </dd>
        </div>
      )}
      <div>
        <dt>{trans.__('Engine')}</dt>
        <dd>
          {[
            oneLine(info?.engine ?? ''),
            info?.workers
              ? trans._n('1 worker', '%2 workers', info.workers, count(info.workers))
              : ''
          ]
            .filter(Boolean)
            .join(', ')}
        </dd>
      </div>
    </dl>
  );
}
