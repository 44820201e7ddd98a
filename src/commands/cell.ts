/** What is done with one cell: marking it, running it, choosing its datum; and failed datums in it. */
import { Clipboard, InputDialog, Notification } from '@jupyterlab/apputils';

import { language } from '../language';
import { focusInput, unfoldForm } from '../cells/addform';
import type { Replays } from '../cells/replay';
import type { ThisCell } from '../cells/thiscell';
import { NAME } from '../models/marks';
import type { PanelModel } from '../models/panel';
import type { Pick } from '../tokens';
import { Commands, ENDED } from '../tokens';
import { LAB_ICONS } from '../icons';
import { add, number, text } from './add';
import type { Args, IArg, IRegistry } from './add';
import { hasFailed, ofRun } from './enabled';
import type { ILooked } from '../views';

/** What these commands act on. */
export interface ICellOptions extends IRegistry {
  panel: PanelModel;
  cell: ThisCell;
  /** What is looked at beside the panel. */
  looked: () => ILooked | null;
  /** Comes when a datum is opened, and not before. */
  replays: () => Promise<Replays>;
}

/** Shows the form in JupyterLab. */
const INSPECTOR = 'property-inspector:show-panel';
const STEPS: readonly string[] = ['first', 'next', 'previous', 'failed'];
const OF_A_DATUM: Record<string, IArg> = {
  project: { type: 'string', description: 'uuid of the project; left out: of the run in front' },
  run: { type: 'string', description: 'uuid of the run that shows the datum' },
  datum: {
    type: 'number',
    description: 'its id; left out: the failed datum that is open, else the first one of the run'
  }
};

/** Register the commands of cells. */
export function addCell(options: ICellOptions): void {
  addMarks(options);
  addRuns(options);
  addPicker(options);
  addReplays(options);
}

function addMarks(options: ICellOptions): void {
  const { app, cell, panel, trans } = options;
  add(
    options,
    Commands.markCell,
    trans.__('Mark the Cell as a Transform'),
    async args => {
      const mark = cell.marker();
      const given = text(args.name);
      const name = given ?? (await askName(options));
      if (name === null) {
        return null;
      }
      const marked = mark(name, text(args.input));
      panel.refreshSoon();
      if (app.commands.hasCommand(INSPECTOR)) {
        await app.commands.execute(INSPECTOR);
      } else {
        app.shell.activateById('notebook-tools'); // Notebook 7 has the form there
      }
      unfoldForm();
      if (!given) {
        void focusInput(); // what is to be said next; the dialog left the focus nowhere
      }
      return marked;
    },
    {
      visible: () => cell.canBeMarked,
      enabled: () => cell.canBeMarked,
      icon: LAB_ICONS.mark,
      args: {
        name: { type: 'string', description: 'a Python name; left out: it is asked for' },
        input: { type: 'string', description: 'what would stand behind -i' }
      }
    }
  );
  add(
    options,
    Commands.unmarkCell,
    trans.__('Unmark the Cell: It Is No Transform'),
    () => cell.unmark(),
    { visible: () => cell.marked, enabled: () => cell.marked }
  );
}

async function askName(options: ICellOptions): Promise<string | null> {
  const { cell, trans } = options;
  const asked = await InputDialog.getText({
    title: trans.__('Mark the cell as a transform'),
    label: trans.__('Name: letters, digits and _, no digit first; unique in the project'),
    text: cell.suggestedName(),
    pattern: NAME.source,
    okLabel: trans.__('Mark')
  });
  return asked.button.accept ? (asked.value ?? '').trim() : null;
}

function addRuns(options: ICellOptions): void {
  const { app, cell, trans } = options;
  const here = { visible: () => cell.name !== null, enabled: () => cell.name !== null };
  const of = (command: string, args: object = {}) => {
    const name = cell.needed();
    return app.commands.execute(command, { name, ...args });
  };
  add(
    options,
    Commands.runThisCell,
    trans.__('Run This Cell on All Datums'),
    () => of(Commands.run),
    {
      ...here,
      palette: false,
      icon: LAB_ICONS.play
    }
  );
  add(
    options,
    Commands.sampleThisCell,
    trans.__('Run This Cell on a Sample'),
    () => of(Commands.runSample),
    { ...here, palette: false, icon: LAB_ICONS.sample }
  );
  const failed = () => {
    const { run } = cell;
    return run !== null && run.failed > 0 && ENDED.has(run.status);
  };
  add(
    options,
    Commands.retryThisCell,
    trans.__('Retry the Failed Datums of This Cell'),
    () => of(Commands.retryFailed),
    { visible: failed, enabled: failed, palette: false, icon: LAB_ICONS.retry }
  );
}

function addPicker(options: ICellOptions): void {
  const { cell, palette, trans } = options;
  const icons = { next: 'right', previous: 'left', failed: 'failed', first: 'first' } as const;
  const label = (args: Args): string => {
    switch (args.which) {
      case 'previous':
        return trans.__('Previous Datum');
      case 'failed':
        return trans.__('Next Failed Datum of This Cell');
      case 'first':
        return trans.__('First Datum');
      default:
        return trans.__('Next Datum');
    }
  };
  add(
    options,
    Commands.pickDatum,
    label,
    async args => {
      const which = text(args.which) ?? 'next';
      if (!STEPS.includes(which)) {
        throw new Error(
          language.trans.__('%1 is one of %2; not %3', 'which', STEPS.join(', '), which)
        );
      }
      if (cell.busy) {
        Notification.info(trans.__('The kernel is busy: the datum is bound when it is free.'), {
          autoClose: 4000
        });
      }
      return cell.pick(which as Pick);
    },
    {
      visible: () => cell.name !== null && cell.hasKernel,
      enabled: () => cell.name !== null && cell.hasKernel,
      palette: false,
      icon: args => LAB_ICONS[icons[(text(args.which) ?? 'next') as Pick] ?? 'right'],
      args: { which: { type: 'string', enum: [...STEPS] } }
    }
  );
  for (const which of STEPS) {
    palette?.addItem({
      command: Commands.pickDatum,
      args: { which },
      category: trans.__('Datums')
    });
  }
}

function addReplays(options: ICellOptions): void {
  const { panel, looked, replays, trans } = options;
  /** The datum that is named, else the failed one that is open, else the first one of the run. */
  const which = async (args: Args): Promise<[string, number]> => {
    const here = args.run === undefined && args.datum === undefined ? looked() : null;
    const project = text(args.project) ?? here?.project ?? panel.project;
    const run = text(args.run) ?? here?.run ?? panel.run?.uuid;
    if (!project || !run) {
      throw new Error(language.trans.__('no run is shown'));
    }
    const datum = number(args.datum) ?? here?.datum;
    return [project, datum ?? (await (await replays()).firstFailed(project, run))];
  };
  const ofPanel = ofRun({ panel }, hasFailed);
  const enabled = (args: Args) => looked() !== null || ofPanel(args);
  const more = { enabled, args: OF_A_DATUM };
  add(
    options,
    Commands.openInNotebook,
    trans.__('Open a Failed Datum in Notebook'),
    async args => (await replays()).open(...(await which(args)), args.execute !== false),
    {
      enabled,
      icon: LAB_ICONS.cell,
      args: { ...OF_A_DATUM, execute: { type: 'boolean', description: 'false: it is not run' } }
    }
  );
  add(
    options,
    Commands.debugDatum,
    trans.__('Debug a Failed Datum'),
    async args => (await replays()).debug(...(await which(args))),
    { ...more, icon: LAB_ICONS.debug }
  );
  add(
    options,
    Commands.compareLastGood,
    trans.__('Compare a Failed Datum with the Last Good One'),
    async args => (await replays()).compare(...(await which(args))),
    { ...more, icon: LAB_ICONS.compare }
  );
  add(
    options,
    Commands.copyReplay,
    trans.__('Copy the Code That Replays a Failed Datum'),
    async args => {
      const { source } = await (await replays()).cellOf(...(await which(args)));
      Clipboard.copyToSystem(source);
      return { source };
    },
    { ...more, icon: LAB_ICONS.copy }
  );
}
