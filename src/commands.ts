/** The commands: palette, buttons, other extensions and tests all go through these. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Actions } from './actions';
import type { OpenNotebook } from './cells/opennotebook';
import type { IOnce } from './models/cells';
import type { PanelModel } from './models/panel';
import { live } from './models/pipeline';
import type { PlansModel } from './models/plans';
import { SETTLE } from './models/watches';
import type { WatchesModel } from './models/watches';
import { SAMPLE_CELL } from './panels/empty';
import { Commands } from './tokens';

/** The views that commands bring up. */
export interface IViews {
  openPanel(): void;
  openDatum(project: string, run: string, datum?: number, position?: number): Promise<boolean>;
  /** Show the next failed datum from the one in view; false if none has failed. */
  step(project: string, run: string, step: 1 | -1): Promise<boolean>;
}

/** What commands act on. */
export interface ICommandOptions {
  app: JupyterFrontEnd;
  actions: Actions;
  panel: PanelModel;
  plans: PlansModel;
  watches: WatchesModel;
  notebook: () => OpenNotebook | null;
  views: IViews;
  trans: TranslationBundle;
  palette: ICommandPalette | null;
}

type Args = ReadonlyPartialJSONObject;

/** Register all commands. */
export function addCommands(options: ICommandOptions): void {
  addViews(options);
  addRetries(options);
  addRequests(options);
  addNotebook(options);
  addPlans(options);
  addWatch(options);
}

function add(
  options: ICommandOptions,
  id: string,
  label: string,
  execute: (args: Args) => unknown,
  more: { palette?: boolean; enabled?: () => boolean } = {}
): void {
  const { app, palette, trans } = options;
  app.commands.addCommand(id, {
    label,
    isEnabled: more.enabled,
    describedBy: { args: { type: 'object' } },
    execute: async args => {
      try {
        return (await execute(args)) ?? null;
      } catch (reason) {
        // A refusal is told where the user is; the caller gets it as well.
        const message = reason instanceof Error ? reason.message : String(reason);
        Notification.error(message, { autoClose: 8000 });
        throw reason;
      }
    }
  });
  if (more.palette !== false) {
    palette?.addItem({ command: id, category: trans.__('Datums') });
  }
}

function addViews(options: ICommandOptions): void {
  const { actions, panel, trans, views } = options;
  const hasRun = () => panel.run !== null;
  add(options, Commands.openPanel, trans.__('Show the Panel of Datums'), args => {
    if (typeof args.name === 'string') {
      panel.select(args.name);
    }
    views.openPanel();
    return { selected: panel.selected };
  });
  add(
    options,
    Commands.selectTransform,
    trans.__('Select a Transform'),
    args => {
      panel.select(String(args.name));
      return { selected: panel.selected };
    },
    { palette: false }
  );
  add(
    options,
    Commands.openDatum,
    trans.__('Open a Datum'),
    args => {
      const { project, run } = actions.which(args);
      return views.openDatum(project, run, number(args.datum), number(args.position));
    },
    { palette: false }
  );
  const steps = [
    [Commands.nextFailure, trans.__('Next Failed Datum'), 1],
    [Commands.previousFailure, trans.__('Previous Failed Datum'), -1]
  ] as const;
  for (const [id, label, step] of steps) {
    const go = (args: Args) => {
      const { project, run } = actions.which(args);
      return views.step(project, run, step);
    };
    add(options, id, label, go, { enabled: hasRun });
  }
}

function addRetries(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const enabled = () => panel.run !== null;
  const { retryFailed, retryEdited, retryRecorded, retryGroup, retryDatum } = Commands;
  add(options, retryFailed, trans.__('Retry Failed Datums'), a => actions.retryFailed(a), {
    enabled
  });
  add(
    options,
    retryRecorded,
    trans.__('Retry Failed Datums with the Recorded Code'),
    args => actions.retry(args, 'failed'),
    { enabled }
  );
  add(
    options,
    retryEdited,
    trans.__('Retry Failed Datums with the Edited Cell'),
    () => actions.retryEdited(),
    { enabled }
  );
  add(
    options,
    retryGroup,
    trans.__('Retry a Group of Failures'),
    args => actions.retry(args, { group: needed(args.group, 'group') }),
    { palette: false }
  );
  add(
    options,
    retryDatum,
    trans.__('Retry a Datum'),
    args => actions.retry(args, { datums: [needed(args.datum, 'datum')] }),
    { palette: false }
  );
}

function addRequests(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const enabled = () => panel.run !== null;
  const kinds = [
    [Commands.pause, trans.__('Pause the Run'), 'pause'],
    [Commands.resume, trans.__('Resume the Run'), 'resume'],
    [Commands.stop, trans.__('Stop the Run'), 'cancel'],
    [Commands.detach, trans.__('Detach the Waiting Cell from the Run'), 'detach']
  ] as const;
  for (const [id, label, kind] of kinds) {
    add(options, id, label, args => actions.request(args, kind), { enabled });
  }
  add(
    options,
    Commands.scale,
    trans.__('Set the Number of Workers'),
    args => actions.request(args, 'scale', { workers: needed(args.workers, 'workers') }),
    { palette: false }
  );
  const hasCells = () => panel.rows.some(row => row.cell !== null);
  add(
    options,
    Commands.runAll,
    trans.__('Run All Transforms of the Notebook'),
    () => actions.runAll(),
    { enabled: hasCells }
  );
  const going = () => live(panel.rows).length > 0;
  add(
    options,
    Commands.stopAll,
    trans.__('Stop All Runs of the Notebook'),
    () => actions.stopAll(),
    {
      enabled: going
    }
  );
}

/** Watch a transform, or stop that. */
function addWatch(options: ICommandOptions): void {
  const { panel, trans, watches } = options;
  add(
    options,
    Commands.watch,
    trans.__('Watch the Input of the Transform'),
    args => {
      const name = text(args.name) ?? panel.selected;
      if (name === null) {
        throw new Error('no transform is shown');
      }
      return watches.ask(name, args.stop === true ? null : (number(args.settle) ?? SETTLE));
    },
    { enabled: () => panel.run !== null }
  );
}

function addNotebook(options: ICommandOptions): void {
  const { actions, app, notebook, panel, trans } = options;
  const { run, runCell, showCell, insertSample, refresh, openFile, copyId } = Commands;
  const open = () => notebook() !== null;
  add(
    options,
    run,
    trans.__('Run the Transform'),
    args => actions.run(text(args.name), onceOf(args)),
    { enabled: () => panel.way !== null }
  );
  add(
    options,
    runCell,
    trans.__('Run the Cell of the Transform'),
    args => actions.runCell(text(args.name), text(args.source)),
    { enabled: open }
  );
  add(
    options,
    showCell,
    trans.__('Show the Cell of the Transform'),
    args => {
      const cell = actions.cellOf(text(args.name));
      return cell === null ? false : (notebook()?.show(cell) ?? false);
    },
    { enabled: open }
  );
  add(
    options,
    insertSample,
    trans.__('Insert a Sample Transform'),
    () => notebook()?.insert(SAMPLE_CELL, 'below'),
    { enabled: open }
  );
  add(options, refresh, trans.__('Read Datums Again'), async () => {
    panel.runs.reconnect();
    await panel.refresh();
    return { selected: panel.selected };
  });
  const plain = { palette: false };
  add(
    options,
    openFile,
    trans.__('Open a File of a Datum'),
    async args => {
      await app.commands.execute('docmanager:open', { path: String(args.path) });
      return true;
    },
    plain
  );
  add(
    options,
    copyId,
    trans.__('Copy the Name of a Datum'),
    args => {
      Clipboard.copyToSystem(String(args.text));
      return true;
    },
    plain
  );
}

/** What a run is to be like, as arguments of a command say it. */
function onceOf(args: Args): IOnce {
  const which = text(args.which) ?? 'due';
  if (which !== 'due' && which !== 'fresh' && which !== 'failed' && which !== 'all') {
    throw new Error(`which is one of due, fresh, failed, all; not ${which}`);
  }
  return { which, engine: text(args.engine), workers: number(args.workers) };
}

function addPlans(options: ICommandOptions): void {
  const { actions, panel, plans, trans } = options;
  const selected = () => panel.way !== null;
  const planned = () => plans.recipe !== null;
  const plain = { palette: false, enabled: planned };
  const all = (args: Args) => ({ all: args.all === true });
  add(options, Commands.plan, trans.__('Plan the Transform'), a => actions.plan(text(a.name)), {
    enabled: selected
  });
  add(options, Commands.closePlan, trans.__('Close the Plan'), () => plans.close(), {
    palette: false
  });
  add(
    options,
    Commands.equivalent,
    trans.__('Mark the Planned Code as Equivalent'),
    args => actions.decide('equivalent', { undo: args.undo === true }),
    plain
  );
  const prune = trans.__('Remove Outputs of Vanished Inputs');
  add(options, Commands.prune, prune, args => actions.decide('prune', all(args)), plain);
  const move = trans.__('Let Renamed Inputs Keep Their Results');
  add(options, Commands.move, move, () => actions.decide('move'), plain);
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function needed(value: unknown, name: string): number {
  if (typeof value !== 'number') {
    throw new Error(`the command needs ${name}, a number`);
  }
  return value;
}
