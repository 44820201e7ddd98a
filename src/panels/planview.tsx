/** What a run would do, and why; and what can be decided about it, before anything runs. */
import React from 'react';

import { byWord } from '../models/due';
import type { PanelModel } from '../models/panel';
import { NOTHING } from '../models/planpick';
import type { PlansModel } from '../models/plans';
import { Commands } from '../tokens';
import type { IPlan } from '../tokens';
import { count, oneLine, span } from './format';
import { later } from './later';
import { CommandButton, Note, useHost, useSignals } from './parts';
import { First, Reasons, Sizes } from './planreasons';

/** Only a plan that has ended can be decided about: its code comes then. */
const Decisions = later(async () => (await import('./plandecisions')).Decisions);

/** The plan of the selected transform, if one was asked for. */
export function PlanView(props: { panel: PanelModel; plans: PlansModel }): JSX.Element | null {
  const { panel, plans } = props;
  useSignals(plans.changed, panel.changed);
  if (plans.name === null || plans.name !== panel.selected) {
    return null;
  }
  const { plan, error } = plans;
  return (
    <div className="jp-datum-plan">
      {error ? <Note>{oneLine(error)}</Note> : null}
      <Starting plans={plans} />
      {plans.said.length ? <Said lines={plans.said} /> : null}
      <Outdated panel={panel} plans={plans} />
      {plan ? <Planned plans={plans} plan={plan} edited={isOutdated(panel, plans)} /> : null}
    </div>
  );
}

/** What stands in the section's header. */
export function PlanSummary(props: { plans: PlansModel }): JSX.Element {
  return (
    <span className="jp-datum-cut" role="status">
      <Busy plans={props.plans} />
    </span>
  );
}

/** Plan again, or show no plan. */
export function PlanButtons(props: { plans: PlansModel }): JSX.Element {
  const { trans } = useHost();
  return (
    <>
      <CommandButton
        command={Commands.plan}
        args={{ name: props.plans.name }}
        icon="refresh"
        kind="icon"
        label={trans.__('Plan again')}
      />
      <CommandButton
        command={Commands.closePlan}
        icon="close"
        kind="icon"
        label={trans.__('Close the plan')}
      />
    </>
  );
}

function Busy(props: { plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const { busy } = props.plans;
  const words = {
    record: trans.__('the kernel reads the cell …'),
    start: '…', // the section itself says more
    plan: trans.__('listing …'),
    prune: trans.__('removing …'),
    move: trans.__('moving …'),
    equivalent: trans.__('marking …')
  };
  return busy ? <>{words[busy]}</> : null;
}

/** A kernel is started to read the cell: that may take as long as the cells above do. */
function Starting(props: { plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const { busy, cells } = props.plans;
  if (busy !== 'start') {
    return null;
  }
  return (
    <div className="jp-datum-starting">
      <p role="status">
        {cells ? trans.__('cell %1 of %2 …', ...cells) : trans.__('a kernel starts …')}
      </p>
      <p className="jp-datum-muted">
        {trans.__('The cells above are executed in a kernel of their own. No transform runs.')}
      </p>
      <CommandButton command={Commands.closePlan} icon="close" label={trans.__('Cancel')} />
    </div>
  );
}

/** What was done, in the sentences of the command line. */
function Said(props: { lines: readonly string[] }): JSX.Element {
  return (
    <div className="jp-datum-said" role="status">
      {props.lines.map((line, at) => (
        <p key={at}>{oneLine(line)}</p>
      ))}
    </div>
  );
}

function isOutdated(panel: PanelModel, plans: PlansModel): boolean {
  const cell = panel.notebook?.cells().find(one => one.id === panel.row?.cell);
  return Boolean(plans.plan && cell && plans.source !== cell.source);
}

/** The plan is of other code than what stands in the cell, or is carried out. */
function Outdated(props: { panel: PanelModel; plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel, plans } = props;
  if (isOutdated(panel, plans)) {
    return <Note>{trans.__('The cell was edited since: plan again.')}</Note>;
  }
  return plans.ran ? <Note>{trans.__('It has run since: plan again.')}</Note> : null;
}

function Planned(props: { plans: PlansModel; plan: IPlan; edited: boolean }): JSX.Element {
  const { trans } = useHost();
  const { plans, plan, edited } = props;
  const [picked, onPick] = React.useState(NOTHING);
  React.useEffect(() => onPick(NOTHING), [plan]); // what is planned anew is chosen anew
  return (
    <>
      <div className="jp-datum-figure">
        <span className="jp-datum-big">{count(plan.would_run)}</span>
        <span className="jp-datum-muted">
          {trans.__('of %1 would run', count(plan.total))}
          {plan.ended ? null : trans.__(', still listing')}
        </span>
      </div>
      <Cost plan={plan} />
      <PlanBar plan={plan} />
      <Ahead plan={plan} />
      <Reasons plan={plan} picked={picked} onPick={onPick} />
      {plan.errors.length ? (
        <Note>
          {trans.__('The listing is incomplete: %1', oneLine(plan.errors.slice(0, 3).join('; ')))}
          {plan.unknown
            ? ` ${trans._n(
                'Whether 1 datum that is not listed is there still is not known.',
                'Whether %2 datums that are not listed are there still is not known.',
                plan.unknown,
                count(plan.unknown)
              )}`
            : null}
        </Note>
      ) : null}
      {plan.ended ? <Decisions plans={plans} plan={plan} picked={picked} edited={edited} /> : null}
      <First plan={plan} />
      <Sizes plan={plan} />
      {plan.notes.length ? (
        <ul className="jp-datum-notes">
          {plan.notes.map((note, at) => (
            <li key={at}>{oneLine(note)}</li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

/** What would run, by reason: new, failed before, stale; and what is left as it is. */
function PlanBar(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { plan } = props;
  const n = byWord(plan.reasons);
  const parts = [
    ['new', n.new, trans.__('new')],
    ['failed', n.failed, trans.__('failed')],
    ['stale', n.stale, trans.__('stale')],
    ['same', Math.max(0, plan.total - n.new - n.failed - n.stale), trans.__('unchanged')]
  ] as const;
  const shown = parts.filter(([, many]) => many > 0);
  if (!plan.total || !shown.length) {
    return null;
  }
  return (
    <div
      className="jp-datum-bar jp-datum-plan-bar"
      role="img"
      aria-label={shown.map(([, many, word]) => `${count(many)} ${word}`).join(', ')}
    >
      {shown.map(([kind, many, word]) => (
        <i
          key={kind}
          data-plan={kind}
          data-state={kind === 'failed' ? 'failed' : undefined}
          style={{ flexGrow: Math.max(many / plan.total, 0.0001) }}
          title={`${word}: ${count(many)}`}
        />
      ))}
    </div>
  );
}

/** What the transforms before this one have to do first. */
function Ahead(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { ahead } = props.plan;
  return ahead?.length ? (
    <ul className="jp-datum-notes">
      {ahead.map(one => (
        <li key={one.name}>
          {one.error !== null
            ? trans.__('Upstream %1 cannot be planned: %2', one.name, oneLine(one.error))
            : trans._n(
                'Upstream %3 has 1 datum to do first; what it gives comes on top',
                'Upstream %3 has %2 datums to do first; what they give comes on top',
                one.would_run,
                count(one.would_run),
                one.name
              )}
        </li>
      ))}
    </ul>
  ) : null;
}

function Cost(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { estimate, would_run, workers } = props.plan;
  if (!estimate || !would_run || !workers) {
    return null;
  }
  const many = trans._n('1 worker', '%2 workers', workers, count(workers));
  return (
    <p className="jp-datum-muted">
      {trans.__('about %1 on %2, going by the last run', span(estimate / workers), many)}
    </p>
  );
}
