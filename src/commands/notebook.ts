/** What is done with the notebook in front. */
import { Commands } from '../tokens';
import { add, number, text } from './add';
import type { Args } from './add';
import type { ICommandOptions } from './options';
import { Clipboard } from '@jupyterlab/apputils';
import type { IOnce } from '../models/cells';
import { SAMPLE_CELL } from '../panels/empty';

export function addNotebook(options: ICommandOptions): void {
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
