/** What can be decided by a plan: run, move, mark as equivalent, prune. */
import React from 'react';

import { argsOf, countOf } from '../models/planpick';
import type { IPicked } from '../models/planpick';
import type { PlansModel } from '../models/plans';
import { Commands } from '../tokens';
import type { IPlan } from '../tokens';
import { count, oneLine } from './format';
import { CommandButton, useHost } from './parts';

/** What can be done now. */
export function Decisions(props: {
  plans: PlansModel;
  plan: IPlan;
  /** What is chosen of it. */
  picked: IPicked;
  /** Whether the cell is another one by now. */
  edited: boolean;
}): JSX.Element {
  const { trans } = useHost();
  const { plans, plan, picked, edited } = props;
  const busy = plans.busy ? trans.__('Wait until this has ended') : null;
  const name = plans.name ?? '';
  const { reasons } = plan;
  const stale = reasons['code changed'] ?? 0;
  const fresh = plan.would_run - stale;
  const renamed = reasons['renamed'] ?? 0;
  const chosen = countOf(plan, picked);
  return (
    <>
      <div className="jp-datum-actions">
        {chosen ? (
          <CommandButton
            command={Commands.run}
            args={{ name, ...argsOf(plan, picked) }}
            icon="play"
            kind="main"
            why={busy ?? (edited ? trans.__('The cell was edited since: plan again.') : null)}
            label={trans.__('Run selected (%1)', count(chosen))}
          />
        ) : null}
        {plan.would_run ? (
          <CommandButton
            command={Commands.run}
            args={{ name, which: 'due' }} // these, whatever is chosen for the next run
            icon="play"
            kind={chosen ? undefined : 'main'}
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
              'Let %2 renamed keep their results',
              renamed,
              count(renamed)
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
          '%2 results count as made by the present code, and are not made again.',
          stale,
          count(stale)
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
        'Remove the outputs of %2 vanished inputs …',
        n,
        count(n)
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
        'Remove the outputs of %2 that left the input …',
        plan.left_input,
        count(plan.left_input)
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
