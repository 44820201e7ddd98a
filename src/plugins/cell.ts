/** A cell's own controls: mark, run, choose its datum; failed datums in a notebook. */
import { ILabShell } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IFormRendererRegistry } from '@jupyterlab/ui-components';

import { addForm } from '../cells/addform';
import type { Replays } from '../cells/replay';
import { ThisCell } from '../cells/thiscell';
import { addCell } from '../commands/cell';
import { enabledOf } from '../commands/enabled';
import { Commands } from '../tokens';
import { ICore, IFront } from './tokens';

/** What a toolbar shows changes with the active cell. */
const OF_THE_CELL = [
  Commands.markCell,
  Commands.unmarkCell,
  Commands.runThisCell,
  Commands.sampleThisCell,
  Commands.retryThisCell,
  Commands.pickDatum
];

export const cell: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:cell',
  description: 'Marks cells as transforms, runs them, and opens failed datums in notebooks.',
  autoStart: true,
  requires: [ICore, IFront, INotebookTracker],
  optional: [ILabShell, ICommandPalette, IFormRendererRegistry],
  activate: (
    app: JupyterFrontEnd,
    core: ICore,
    front: IFront,
    tracker: INotebookTracker,
    lab: ILabShell | null,
    palette: ICommandPalette | null,
    forms: IFormRendererRegistry | null
  ): void => {
    const { host, requests } = core;
    const { trans } = host;
    const here = new ThisCell(tracker, front.panel, front.notebook);
    const options = { app, host, requests, tracker, inLab: lab !== null };
    let made: Promise<Replays> | null = null;
    const replays = () =>
      (made ??= import('../cells/replay').then(({ Replays }) => new Replays(options)));
    const looked = () => front.looked();
    addCell({ app, palette, trans, panel: front.panel, cell: here, replays, looked });
    const look = enabledOf(app.commands, OF_THE_CELL);
    here.changed.connect(() => {
      look();
      front.badges()?.showPicked(here.picked);
    });
    if (forms) {
      addForm(forms, { host, requests, panel: front.panel, counts: front.counts, cell: here });
    }
  }
};
