/** The plugins: the only module that knows all the others. */
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { Actions } from './actions';
import { Badges } from './cells/badges';
import { OpenNotebook } from './cells/opennotebook';
import { RunOutput } from './cells/output';
import { addCommands } from './commands';
import { OverviewModel } from './models/overview';
import { PanelModel } from './models/panel';
import { PlansModel } from './models/plans';
import { RunsModel } from './models/runs';
import type { IHost } from './panels/parts';
import { Sidebar } from './panels/sidebar';
import { StatusItem } from './panels/statusitem';
import { WatchesModel } from './models/watches';
import { Requests } from './requests';
import { DOMAIN, IRunsModel, MIME_TYPE } from './tokens';
import { Views } from './views';

/** What our own plugins share. */
interface ICore {
  requests: Requests;
  runs: RunsModel;
  host: IHost;
}

/** The same with the notebook in front. */
interface IFront {
  panel: PanelModel;
  notebook: () => OpenNotebook | null;
}

const ICore = new Token<ICore>('jupyter-datum:ICore', 'Connection and words of jupyter-datum.');
const IFront = new Token<IFront>('jupyter-datum:IFront', 'What the panel of datums is about.');

const core: JupyterFrontEndPlugin<ICore> = {
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

const runs: JupyterFrontEndPlugin<IRunsModel> = {
  id: 'jupyter-datum:runs',
  description: 'Live runs of datums, for other extensions.',
  autoStart: true,
  provides: IRunsModel,
  requires: [ICore],
  activate: (_: JupyterFrontEnd, core: ICore): IRunsModel => core.runs
};

const outputs: JupyterFrontEndPlugin<void> = {
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

const front: JupyterFrontEndPlugin<IFront> = {
  id: 'jupyter-datum:front',
  description: 'Follows the notebook in front.',
  autoStart: true,
  provides: IFront,
  requires: [ICore, INotebookTracker],
  activate: (_: JupyterFrontEnd, core: ICore, tracker: INotebookTracker): IFront => {
    const panel = new PanelModel(core.runs, core.requests);
    let open: OpenNotebook | null = null;
    let badges: Badges | null = null;
    const follow = () => {
      const { currentWidget } = tracker;
      if (currentWidget === (open?.panel ?? null)) {
        return;
      }
      open?.dispose();
      badges?.dispose();
      open = currentWidget ? new OpenNotebook(currentWidget) : null;
      const mine = open;
      panel.setNotebook(mine);
      badges = currentWidget ? new Badges(currentWidget, panel, core.host) : null;
      void currentWidget?.sessionContext.ready.then(() =>
        mine === open ? panel.refreshSoon() : undefined
      );
    };
    tracker.currentChanged.connect(follow);
    follow();
    return { panel, notebook: () => open };
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:panel',
  description: 'The panel of datums, its commands, and the page of a datum.',
  autoStart: true,
  requires: [ICore, IFront],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette, IThemeManager, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    core: ICore,
    front: IFront,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    theme: IThemeManager | null,
    settings: ISettingRegistry | null
  ): void => {
    const { host, requests } = core;
    const plans = new PlansModel(requests);
    const overview = new OverviewModel(front.panel, requests);
    const watches = new WatchesModel(front.panel, requests);
    const parts = { plans, overview, watches, source: requests, theme };
    const sidebar = new Sidebar({ host, panel: front.panel, ...parts });
    const views = new Views({ app, host, requests, runs: core.runs, sidebar, inLab: lab !== null });
    const actions = new Actions(requests, front.panel, plans, front.notebook);
    addCommands({ app, actions, views, plans, watches, palette, trans: host.trans, ...front });
    // Notebook 7 has its own left side: there the panel stands on the right.
    app.shell.add(sidebar, lab ? 'left' : 'right', { rank: 300 });
    restorer?.add(sidebar, sidebar.id);
    views.restore(restorer);
    if (settings) {
      void folds(settings, sidebar);
    }
  }
};

/** Sections that are folded stay so: the settings keep them. */
async function folds(settings: ISettingRegistry, sidebar: Sidebar): Promise<void> {
  const mine = await settings.load(panel.id).catch(() => null);
  if (!mine) {
    return; // an installation without our schema: all sections begin open
  }
  const read = () => sidebar.fold(mine.get('folded').composite as string[]);
  mine.changed.connect(read);
  read();
  sidebar.onFolded = names => void mine.set('folded', names).catch(() => undefined);
}

const status: JupyterFrontEndPlugin<void> = {
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

const plugins: JupyterFrontEndPlugin<any>[] = [core, runs, outputs, front, panel, status];
export default plugins;
