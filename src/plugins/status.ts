/** The status bar. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';

import { StatusItem } from '../panels/statusitem';
import { ICore, IFront } from './tokens';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:status',
  description: 'How far the run is, in the status bar.',
  autoStart: true,
  requires: [ICore, IFront],
  optional: [IStatusBar],
  activate: (_: JupyterFrontEnd, core: ICore, front: IFront, bar: IStatusBar | null): void => {
    const item = new StatusItem(core.host, front.panel);
    bar?.registerStatusItem('jupyter-datum:status', { item, align: 'right', rank: 50 });
  }
};
