/** Runs that go on, among the terminals and kernels of this server. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ICore } from './tokens';

export const running: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:running',
  description: 'Lists runs that go on beside kernels and terminals, to be opened or stopped.',
  autoStart: true,
  requires: [ICore],
  activate: (app: JupyterFrontEnd, core: ICore): void => {
    // Not before the page stands: nobody waits for a list that is folded away.
    void app.restored.then(() => import('./manager')).then(({ begin }) => begin(app, core));
  }
};
