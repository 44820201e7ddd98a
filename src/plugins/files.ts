/** From a file in the file browser to the datum that made it, or to those that used it. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import { addLineage } from '../commands/lineage';
import { ICore } from './tokens';

export const files: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:files',
  description: 'Shows where a file comes from, and which datums have used it.',
  autoStart: true,
  requires: [ICore],
  optional: [ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    core: ICore,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null
  ): void => {
    const { requests, host } = core;
    const chosen = () => browser?.selectedItems().next().value?.path ?? null;
    addLineage({ app, palette, trans: host.trans, requests, chosen });
  }
};
