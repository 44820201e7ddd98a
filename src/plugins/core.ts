/** The connection, and the runs over it. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { RunsModel } from '../models/runs';
import { Requests } from '../requests';
import { DOMAIN, IRunsModel } from '../tokens';
import { ICore } from './tokens';

export const core: JupyterFrontEndPlugin<ICore> = {
  id: 'jupyter-datum:core',
  description: 'One connection a page to the runs of datums.',
  autoStart: true,
  provides: ICore,
  optional: [ITranslator, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    rendermime: IRenderMimeRegistry | null
  ): ICore => {
    const requests = new Requests(app.serviceManager.serverSettings);
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    return {
      requests,
      runs: new RunsModel(requests),
      host: { trans, commands: app.commands, rendermime }
    };
  }
};

export const runs: JupyterFrontEndPlugin<IRunsModel> = {
  id: 'jupyter-datum:runs',
  description: 'Live runs of datums, for other extensions.',
  autoStart: true,
  provides: IRunsModel,
  requires: [ICore],
  activate: (_: JupyterFrontEnd, core: ICore): IRunsModel => core.runs
};
