/** What can be done with the chosen transform now: one click each. */
import React from 'react';

import { SAMPLE } from '../commands/run';
import type { PanelModel } from '../models/panel';
import { above } from '../models/pipeline';
import type { PlansModel } from '../models/plans';
import type { IRow } from '../models/rows';
import { SETTLE } from '../models/watches';
import type { WatchesModel } from '../models/watches';
import { Commands, ENDED } from '../tokens';
import { oneLine } from './format';
import { CommandButton, Note, useHost, useSignals } from './parts';
import { foreignWords } from './why';

/** What the row of buttons is made of. */
export interface INextProps {
  panel: PanelModel;
  plans: PlansModel;
  watches: WatchesModel;
}

/** Run, on a sample, plan, watch; and what became of the last run that was asked for. */
export function NextStep(props: INextProps): JSX.Element | null {
  const { trans } = useHost();
  const { panel, plans } = props;
  useSignals(panel.changed, panel.asked.changed, plans.changed);
  const { row, way, unreadable } = panel;
  if (!row || !way || unreadable) {
    return null;
  }
  const words = wordsOf(panel, row, trans);
  const args = { name: row.name };
  const refused = panel.asked.refused(row.name);
  const queued = panel.asked.queued(row.name, row.run?.uuid ?? null);
  return (
    <div className="jp-datum-next">
      <div className="jp-datum-next-row" role="group" aria-label={oneLine(row.name)}>
        <span>
          <CommandButton
            command={Commands.run}
            args={args}
            icon="play"
            kind={isNext(panel, plans, row) && !words.why ? 'main' : undefined}
            {...words}
          />
          <WithWhatFeedsIt {...props} row={row} why={words.why} />
        </span>
        <span>
          <CommandButton
            command={Commands.runSample}
            args={args}
            why={words.why}
            label={trans.__('Sample %1', SAMPLE)}
            title={trans.__('Runs %1 of its datums, to see whether it works', SAMPLE)}
          />
          <CommandButton
            command={Commands.plan}
            args={args}
            why={panel.foreign ? words.why : null}
            label={trans.__('Plan')}
            title={trans.__('Says what would run and why; nothing runs')}
          />
          <WatchButton {...props} row={row} />
        </span>
      </div>
      {queued?.busy ? (
        <p className="jp-datum-muted" role="status">
          {waits(trans)}
        </p>
      ) : null}
      {refused !== null ? <Note>{oneLine(refused)}</Note> : null}
    </div>
  );
}

function waits(trans: ReturnType<typeof useHost>['trans']): string {
  return trans.__('Waits for the kernel, which is at work; runs when that is free');
}

/** Whether to run it is the next sensible step: else another button of the panel is. */
function isNext(panel: PanelModel, plans: PlansModel, row: IRow): boolean {
  if (plans.name === row.name && plans.plan) {
    return false; // the plan has a button that says how many
  }
  const { run } = row;
  const left = run !== null && ENDED.has(run.status) && run.cancelled > 0; // it was stopped
  return !run || panel.edited === true || left;
}

/** The transform and those that feed it, where one of them may have something to do. */
function WithWhatFeedsIt(
  props: INextProps & { row: IRow; why: string | null }
): JSX.Element | null {
  const { trans } = useHost();
  const { panel, plans, row, why } = props;
  const feeds = above(row, panel.rows).filter(
    ({ name, cell, run }) =>
      cell !== null && plans.would(name) !== 0 && (!run || ENDED.has(run.status))
  );
  if (!feeds.length || row.cell === null || !panel.notebook) {
    return null;
  }
  const names = feeds.map(one => oneLine(one.name)).join(', ');
  const wait = feeds.some(one => panel.asked.waits(one.name))
    ? trans.__('It was asked for; the runner begins in a moment')
    : null;
  return (
    <CommandButton
      command={Commands.run}
      args={{ name: row.name, needs: true }}
      why={why ?? wait}
      label={
        feeds.length === 1
          ? trans.__('Run with %1', names)
          : trans.__('Run with the %1 above', feeds.length)
      }
      title={trans.__('Runs what is due of %1 too, first, under one id', names)}
    />
  );
}

function WatchButton(props: INextProps & { row: IRow }): JSX.Element | null {
  const { trans } = useHost();
  const { row, watches } = props;
  useSignals(watches.changed);
  if (!row.run) {
    return null; // what has not run cannot be watched
  }
  const watch = watches.of(row.name);
  const on = watch?.state === 'active';
  const settle = watch?.settle ?? SETTLE;
  return (
    <CommandButton
      command={Commands.watch}
      args={on ? { name: row.name, stop: true } : { name: row.name, settle }}
      icon="eye"
      why={on ? null : row.run.retryable}
      pressed={on}
      label={trans.__('Watch')}
      title={
        on
          ? trans.__('Stop watching its input')
          : trans.__('Runs new and changed files by themselves, once still for %1 s', settle)
      }
    />
  );
}

/** What the button says, and why it can't be pressed now. */
function wordsOf(
  panel: PanelModel,
  row: IRow,
  trans: ReturnType<typeof useHost>['trans']
): { label: string; title: string; why: string | null } {
  const recorded = panel.way === 'recorded';
  const label = recorded
    ? trans.__('Run')
    : panel.edited
      ? trans.__('Run the edited cell')
      : trans.__('Run the cell');
  const titles = {
    cell: trans.__('Runs the cell as it stands, in its kernel'),
    saved: trans.__('Saves the notebook and runs the cell in a kernel that is started for it'),
    recorded: trans.__('Runs the code of the last run where it is due; needs no kernel')
  };
  return { label, title: titles[panel.way ?? 'recorded'], why: why() };

  function why(): string | null {
    const { run } = row;
    if (panel.foreign) {
      return foreignWords(trans);
    }
    if (panel.asked.waits(row.name)) {
      return trans.__('It was asked for; the runner begins in a moment');
    }
    if (panel.asked.queued(row.name, run?.uuid ?? null)) {
      return waits(trans);
    }
    // A run that is paused, or whose runner is gone, gives way to the edited cell.
    const still = run?.status === 'paused' || run?.status === 'interrupted';
    if (run && !ENDED.has(run.status) && !(!recorded && still)) {
      return trans.__('Run %1 has not ended yet', run.id);
    }
    return recorded ? (run?.retryable ?? null) : null;
  }
}
