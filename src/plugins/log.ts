/** A log of each run, in JupyterLab's log console. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { ICore, IFront } from './tokens';

export const log: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:log',
  description: 'A log of each run: its states, kinds of failures, workers that are gone.',
  autoStart: true,
  requires: [ICore, IFront],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    core: ICore,
    front: IFront,
    palette: ICommandPalette | null
  ): void => {
    // Not before the page stands: nobody waits for a log.
    void app.restored
      .then(() => import('./logging'))
      .then(({ begin }) => begin(app, core, front, palette));
  }
};
