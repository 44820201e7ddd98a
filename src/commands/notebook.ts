/** What is done with the notebook in front. */
import { Commands } from '../tokens';
import { add, neededText, OF_A_TRANSFORM, text } from './add';
import type { ICommandOptions } from './options';
import { Clipboard } from '@jupyterlab/apputils';
import { SAMPLE_CELL } from '../panels/empty';

export function addNotebook(options: ICommandOptions): void {
  const { actions, app, notebook, panel, trans } = options;
  const { runCell, showCell, insertSample, refresh, upgrade, bring, openFile, copyId } = Commands;
  const open = () => notebook() !== null;
  add(
    options,
    runCell,
    trans.__('Run the Cell of the Transform'),
    async args => (await actions()).runCell(text(args.name), text(args.source)),
    {
      enabled: open,
      args: {
        ...OF_A_TRANSFORM,
        source: { type: 'string', description: 'what a new first cell holds that is run instead' }
      }
    }
  );
  add(
    options,
    showCell,
    trans.__('Show the Cell of the Transform'),
    async args => {
      const cell = (await actions()).cellOf(text(args.name));
      return cell === null ? false : (notebook()?.show(cell) ?? false);
    },
    { enabled: open, args: OF_A_TRANSFORM }
  );
  add(
    options,
    insertSample,
    trans.__('Insert a Sample Transform'),
    () => notebook()?.insert(SAMPLE_CELL, 'below') ?? null,
    { enabled: open }
  );
  add(options, refresh, trans.__('Read Datums Again'), async () => {
    panel.runs.reconnect();
    await panel.refresh();
    return { selected: panel.selected };
  });
  const older = () => panel.context?.state === 'older';
  add(options, upgrade, trans.__('Upgrade the Ledger'), async () => (await actions()).upgrade(), {
    enabled: older
  });
  add(
    options,
    bring,
    trans.__('Copy the Notebook to the Files of the Server'),
    async () => {
      const { model, localPath } = notebook()!.panel.context;
      const { contents } = app.serviceManager;
      const path = await (
        await import('../cells/bring')
      ).bring(contents, localPath, model.toJSON());
      await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
      return path;
    },
    { enabled: () => panel.notebook?.far === true }
  );
  const plain = { palette: false };
  add(
    options,
    openFile,
    trans.__('Open a File of a Datum'),
    async args => {
      await app.commands.execute('docmanager:open', { path: neededText(args.path, 'path') });
      return true;
    },
    {
      ...plain,
      args: { path: { type: 'string', description: 'contents path' } },
      required: ['path']
    }
  );
  add(
    options,
    copyId,
    trans.__('Copy the Name of a Datum'),
    args => {
      Clipboard.copyToSystem(neededText(args.text, 'text'));
      return true;
    },
    {
      ...plain,
      args: { text: { type: 'string', description: 'what is copied' } },
      required: ['text']
    }
  );
}
