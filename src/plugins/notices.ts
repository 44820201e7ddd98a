/** Says when a run fails for the first time, and when it ends, wherever the user is. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ICore } from './tokens';

export const notices: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:notices',
  description: 'Notifications at the first failure of a run and at its end.',
  autoStart: true,
  requires: [ICore],
  activate: (app: JupyterFrontEnd, core: ICore): void => {
    // What happened before the page stands is no news.
    void app.restored.then(() => import('./noticing')).then(({ begin }) => begin(core));
  }
};
