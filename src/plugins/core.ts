/** The connection, and the runs over it. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { language, localeOf, remembered } from '../language';
import { DatumRenderers, FailureActions } from '../models/extensions';
import { Preferences } from '../models/preferences';
import { RunsModel } from '../models/runs';
import { Requests } from '../requests';
import { DOMAIN, IDatumRenderers, IFailureActions, IRunsModel } from '../tokens';
import { ICore } from './tokens';

export const core: JupyterFrontEndPlugin<ICore> = {
  id: 'jupyter-datum:core',
  description: 'One connection a page to the runs of datums.',
  autoStart: true,
  provides: ICore,
  optional: [ITranslator, IRenderMimeRegistry, IEditorLanguageRegistry],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    rendermime: IRenderMimeRegistry | null,
    languages: IEditorLanguageRegistry | null
  ): ICore => {
    const requests = new Requests(app.serviceManager.serverSettings);
    const trans = remembered((translator ?? nullTranslator).load(DOMAIN));
    const preferences = new Preferences();
    const renderers = new DatumRenderers();
    const failureActions = new FailureActions();
    language.trans = trans;
    language.locale = localeOf(translator?.languageCode ?? 'en');
    return {
      requests,
      runs: new RunsModel(requests),
      preferences,
      renderers,
      failureActions,
      host: {
        trans,
        commands: app.commands,
        rendermime,
        languages,
        preferences,
        renderers,
        failureActions
      }
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

export const renderers: JupyterFrontEndPlugin<IDatumRenderers> = {
  id: 'jupyter-datum:renderers',
  description: 'Renderers of inputs and outputs, for other extensions to add to.',
  autoStart: true,
  provides: IDatumRenderers,
  requires: [ICore],
  activate: (_: JupyterFrontEnd, core: ICore): IDatumRenderers => core.renderers
};

export const failureActions: JupyterFrontEndPlugin<IFailureActions> = {
  id: 'jupyter-datum:failure-actions',
  description: 'Actions on failed datums, for other extensions to add to.',
  autoStart: true,
  provides: IFailureActions,
  requires: [ICore],
  activate: (_: JupyterFrontEnd, core: ICore): IFailureActions => core.failureActions
};
