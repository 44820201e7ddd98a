/** Outputs of transform cells. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { RunOutput } from '../cells/output';
import { MIME_TYPE } from '../tokens';
import { ICore } from './tokens';

export const outputs: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:outputs',
  description: 'Draws the output of a transform cell from the live run.',
  autoStart: true,
  requires: [ICore, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, core: ICore, registry: IRenderMimeRegistry): void => {
    const factory = {
      safe: true,
      mimeTypes: [MIME_TYPE],
      createRenderer: () => new RunOutput(core.host, core.runs)
    };
    // Before text/html, which the same bundle holds for those who do not know us.
    registry.addFactory(factory, -10);
  }
};
