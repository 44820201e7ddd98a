/** What a run would do, and why; and what can be decided about it, before anything runs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { PanelModel } from '../models/panel';
import type { PlansModel } from '../models/plans';
import { Commands } from '../tokens';
import type { IPlan } from '../tokens';
import { bytes, count, oneLine, span } from './format';
import { CommandButton, Note, useHost, useSignals } from './parts';

/** The plan of the selected transform, if one was asked for. */
export function PlanView(props: { panel: PanelModel; plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel, plans } = props;
  useSignals(plans.changed, panel.changed);
  if (plans.name === null || plans.name !== panel.selected) {
    return null;
  }
  const { plan, error } = plans;
  return (
    <section className="jp-datum-plan" data-section="plan" aria-label={trans.__('Plan')}>
      <header className="jp-datum-row">
        <h3 className="jp-datum-section-title">{trans.__('Plan')}</h3>
        <span className="jp-datum-muted jp-datum-cut jp-datum-grow" role="status">
          <Busy plans={plans} />
        </span>
        <CommandButton
          command={Commands.plan}
          args={{ name: plans.name }}
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
      </header>
      {error ? <Note>{oneLine(error)}</Note> : null}
      {plans.said.length ? <Said lines={plans.said} /> : null}
      <Outdated panel={panel} plans={plans} />
      {plan ? <Planned plans={plans} plan={plan} /> : null}
    </section>
  );
}

function Busy(props: { plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const words = {
    record: trans.__('the kernel reads the cell …'),
    plan: trans.__('listing …'),
    prune: trans.__('removing …'),
    move: trans.__('moving …'),
    equivalent: trans.__('marking …')
  };
  const { busy } = props.plans;
  return busy ? <>{words[busy]}</> : null;
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

/** The plan is of other code than what stands in the cell. */
function Outdated(props: { panel: PanelModel; plans: PlansModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel, plans } = props;
  const cell = panel.notebook?.cells().find(one => one.id === panel.row?.cell);
  if (!plans.plan || !cell || plans.source === cell.source) {
    return null;
  }
  return (
    <Note>
      {plans.source === undefined
        ? trans.__(
            'This is the plan of the code that ran last: the cell is another, and has no kernel that could read it.'
          )
        : trans.__('The cell was edited since: plan again.')}
    </Note>
  );
}

function Planned(props: { plans: PlansModel; plan: IPlan }): JSX.Element {
  const { trans } = useHost();
  const { plans, plan } = props;
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
      <Reasons plan={plan} />
      {plan.errors.length ? (
        <Note>
          {trans.__('The listing is incomplete: %1', oneLine(plan.errors.slice(0, 3).join('; ')))}
        </Note>
      ) : null}
      {plan.ended ? <Decisions plans={plans} plan={plan} /> : null}
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

function Cost(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { estimate, would_run, workers } = props.plan;
  if (!estimate || !would_run || !workers) {
    return null;
  }
  const many = trans._n('1 worker', '%1 workers', workers);
  return (
    <p className="jp-datum-muted">
      {trans.__('about %1 on %2, going by the last run', span(estimate / workers), many)}
    </p>
  );
}

/** What the planner's reasons are called here. */
function reasonWord(trans: TranslationBundle, reason: string): string {
  const words: Record<string, string> = {
    new: trans.__('new'),
    'input changed': trans.__('input changed'),
    'code changed': trans.__('code changed'),
    'failed before': trans.__('failed before'),
    'recovered before': trans.__('recovered before'),
    'input changed while it was processed': trans.__('input changed while it was processed'),
    'output missing': trans.__('output missing'),
    'output edited by hand': trans.__('output edited by hand: kept'),
    renamed: trans.__('renamed'),
    'restored from kept results': trans.__('restored from kept results'),
    forced: trans.__('forced'),
    'touched, content unchanged': trans.__('touched, content unchanged'),
    unchanged: trans.__('unchanged')
  };
  return words[reason] ?? oneLine(reason);
}

function Reasons(props: { plan: IPlan }): JSX.Element {
  const { trans } = useHost();
  const { plan } = props;
  return (
    <ul className="jp-datum-reasons" aria-label={trans.__('Reasons')}>
      {Object.entries(plan.reasons).map(([reason, n]) => (
        <li key={reason}>
          <Folded
            head={reasonWord(trans, reason)}
            figure={count(n)}
            rows={plan.examples[reason] ?? []}
            total={n}
          />
          {reason === 'code changed' ? <Parts parts={plan.parts} /> : null}
        </li>
      ))}
    </ul>
  );
}

/** Which part of the code it was. */
function Parts(props: { parts: Record<string, number> }): JSX.Element {
  return (
    <ul className="jp-datum-parts">
      {Object.entries(props.parts).map(([part, n]) => (
        <li key={part} className="jp-datum-row">
          <bdi className="jp-datum-grow jp-datum-wrap">{oneLine(part)}</bdi>
          <span>{count(n)}</span>
        </li>
      ))}
    </ul>
  );
}

/** A line with a figure that unfolds into rows, if it has any. */
function Folded(props: {
  head: string;
  figure: string;
  rows: readonly string[];
  total: number;
}): JSX.Element {
  const { trans } = useHost();
  const { head, figure, rows, total } = props;
  const line = (
    <>
      <span className="jp-datum-grow">{head}</span>
      <b>{figure}</b>
    </>
  );
  if (!rows.length) {
    return <div className="jp-datum-row jp-datum-unfolded">{line}</div>;
  }
  return (
    <details>
      <summary className="jp-datum-row">{line}</summary>
      <ol className="jp-datum-names">
        {rows.map((row, at) => (
          <li key={at}>
            <bdi>{oneLine(row)}</bdi>
          </li>
        ))}
        {total > rows.length ? (
          <li className="jp-datum-muted">{trans.__('and %1 more', count(total - rows.length))}</li>
        ) : null}
      </ol>
    </details>
  );
}

function First(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { first, would_run } = props.plan;
  return first.length ? (
    <Folded
      head={trans.__('The first that would run')}
      figure={count(first.length)}
      rows={first}
      total={would_run}
    />
  ) : null;
}

function Sizes(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { sizes } = props.plan;
  const { largest } = sizes;
  if (!largest?.length) {
    return null;
  }
  const head = trans.__(
    'A datum has %1 (median), 95% up to %2',
    bytes(sizes.median ?? 0),
    bytes(sizes.p95 ?? 0)
  );
  const rows = largest.map(([name, size]) => `${bytes(size)}  ${name}`);
  return <Folded head={head} figure={bytes(sizes.bytes ?? 0)} rows={rows} total={rows.length} />;
}

/** What can be done now. */
function Decisions(props: { plans: PlansModel; plan: IPlan }): JSX.Element {
  const { trans } = useHost();
  const { plans, plan } = props;
  const busy = plans.busy ? trans.__('Wait until this has ended') : null;
  const name = plans.name ?? '';
  const { reasons } = plan;
  const stale = reasons['code changed'] ?? 0;
  const fresh = plan.would_run - stale;
  const renamed = reasons['renamed'] ?? 0;
  return (
    <>
      <div className="jp-datum-actions">
        {plan.would_run ? (
          <CommandButton
            command={Commands.run}
            args={{ name }}
            icon="play"
            kind="main"
            why={busy}
            label={trans.__('Run these %1', count(plan.would_run))}
          />
        ) : null}
        {stale && fresh > 0 ? (
          <CommandButton
            command={Commands.run}
            args={{ name, which: 'fresh' }}
            icon="play"
            why={busy}
            label={trans.__('Run new and failed only: %1', count(fresh))}
          />
        ) : null}
        {renamed ? (
          <CommandButton
            command={Commands.move}
            why={busy}
            title={trans.__('Results and outputs go with the new names; nothing runs')}
            label={trans._n(
              'Let 1 renamed keep its result',
              'Let %1 renamed keep their results',
              renamed
            )}
          />
        ) : null}
      </div>
      {stale ? <Equivalent stale={stale} parts={Object.keys(plan.parts)} busy={busy} /> : null}
      {plan.marked ? <Marked busy={busy} /> : null}
      {plan.vanished ? <Prune plan={plan} busy={busy} /> : null}
      {plan.left_input ? <PruneLeft plan={plan} busy={busy} /> : null}
    </>
  );
}

/** A button that asks once more, in place. */
function Confirmed(props: {
  ask: string;
  command: string;
  args?: Record<string, boolean>;
  label: string;
  why: string | null;
  children: React.ReactNode;
}): JSX.Element {
  const { trans } = useHost();
  const { ask, command, args, label, why, children } = props;
  const [open, setOpen] = React.useState(false);
  const id = React.useId();
  return (
    <div className="jp-datum-confirm">
      <button
        className="jp-datum-button"
        aria-expanded={open}
        aria-controls={id}
        aria-disabled={why ? true : undefined}
        title={why ?? undefined}
        onClick={() => (why ? undefined : setOpen(!open))}
      >
        {ask}
      </button>
      <div id={id} hidden={!open} role="group" aria-label={ask}>
        {open ? (
          <>
            {children}
            <div className="jp-datum-actions">
              <CommandButton command={command} args={args} kind="bad" why={why} label={label} />
              <button className="jp-datum-button" onClick={() => setOpen(false)}>
                {trans.__('Cancel')}
              </button>
            </div>
          </>
        ) : null}
      </div>
    </div>
  );
}

function Equivalent(props: { stale: number; parts: string[]; busy: string | null }): JSX.Element {
  const { trans } = useHost();
  const { stale, parts, busy } = props;
  return (
    <Confirmed
      ask={trans.__('Mark as equivalent …')}
      command={Commands.equivalent}
      label={trans.__('Mark as equivalent')}
      why={busy}
    >
      <p>
        {trans._n(
          '1 result counts as made by the present code, and is not made again.',
          '%1 results count as made by the present code, and are not made again.',
          stale
        )}{' '}
        {trans.__(
          'Right only if the edit of %1 changes no result. It can be taken back.',
          oneLine(parts.join('; ')) || trans.__('the code')
        )}
      </p>
    </Confirmed>
  );
}

function Marked(props: { busy: string | null }): JSX.Element {
  const { trans } = useHost();
  return (
    <div className="jp-datum-confirm">
      <p>{trans.__('This code counts as equivalent to code that ran before.')}</p>
      <CommandButton
        command={Commands.equivalent}
        args={{ undo: true }}
        why={props.busy}
        label={trans.__('Take the mark back')}
      />
    </div>
  );
}

function Prune(props: { plan: IPlan; busy: string | null }): JSX.Element {
  const { trans } = useHost();
  const { plan, busy } = props;
  const gone = plan.gone ?? [];
  const n = plan.vanished;
  return (
    <Confirmed
      ask={trans._n(
        'Remove the outputs of 1 vanished input …',
        'Remove the outputs of %1 vanished inputs …',
        n
      )}
      command={Commands.prune}
      label={trans.__('Remove them')}
      why={busy}
    >
      <p>
        {trans.__(
          'The input does not have these any more. Only files that this transform has made and nobody has edited are removed; that cannot be undone.'
        )}
      </p>
      <Gone gone={gone} n={n} />
    </Confirmed>
  );
}

function Gone(props: { gone: NonNullable<IPlan['gone']>; n: number }): JSX.Element {
  const { trans } = useHost();
  const { gone, n } = props;
  return (
    <ul className="jp-datum-names">
      {gone.map((one, at) => (
        <li key={at}>
          <bdi>{oneLine(one.key)}</bdi>
          <span className="jp-datum-muted">
            {one.files
              ? ` → ${oneLine(one.first.join(', '))}${one.files > one.first.length ? ', …' : ''}`
              : ` → ${trans.__('no files')}`}
          </span>
        </li>
      ))}
      {n > gone.length ? (
        <li className="jp-datum-muted">{trans.__('and %1 more', count(n - gone.length))}</li>
      ) : null}
    </ul>
  );
}

function PruneLeft(props: { plan: IPlan; busy: string | null }): JSX.Element {
  const { trans } = useHost();
  const { plan, busy } = props;
  return (
    <Confirmed
      ask={trans._n(
        'Remove the outputs of 1 that left the input …',
        'Remove the outputs of %1 that left the input …',
        plan.left_input
      )}
      command={Commands.prune}
      args={{ all: true }}
      label={trans.__('Remove all that is left over')}
      why={busy}
    >
      <p>
        {trans.__(
          'They left when the input was written anew. All outputs of datums that the input has not now are removed, be it most of them; that cannot be undone.'
        )}
      </p>
    </Confirmed>
  );
}
