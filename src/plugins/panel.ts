/** The panel with its commands, run documents, and the page of a datum. */
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB, StateDB } from '@jupyterlab/statedb';

import type { Actions } from '../actions';
import { addCommands } from '../commands';
import { ChoicesModel } from '../models/choices';
import { EnginesModel } from '../models/engines';
import { keepChosen, TabConnector } from '../models/kept';
import { FreshCounts } from '../models/freshcounts';
import { OverviewModel } from '../models/overview';
import { PlansModel } from '../models/plans';
import { WatchesModel } from '../models/watches';
import { Sidebar } from '../panels/sidebar';
import { Views } from '../views';
import { ICore, IFront } from './tokens';

export const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:panel',
  description: 'The panel of datums, its commands, and the page of a datum.',
  autoStart: true,
  requires: [ICore, IFront],
  optional: [
    ...[ILabShell, ILayoutRestorer, ICommandPalette, IThemeManager],
    ...[ISettingRegistry, IStateDB]
  ],
  activate: (
    app: JupyterFrontEnd,
    core: ICore,
    front: IFront,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    theme: IThemeManager | null,
    settings: ISettingRegistry | null,
    state: IStateDB | null
  ): void => {
    const { host, requests } = core;
    const plans = new PlansModel(
      requests,
      () => front.panel.notebook,
      name => front.panel.latest(name)
    );
    const overview = new OverviewModel(front.panel, requests);
    const watches = new WatchesModel(front.panel, requests);
    const choices = new ChoicesModel(() => front.panel.notebook?.path ?? '');
    const engines = new EnginesModel(front.panel, requests);
    const fresh = new FreshCounts(front.panel, front.counts);
    const parts = { fresh, plans, overview, watches, choices, engines, source: requests, theme };
    const sidebar = new Sidebar({ host, panel: front.panel, ...parts });
    const views = new Views({
      ...{ app, host, requests, runs: core.runs, sidebar, theme },
      inLab: lab !== null,
      notebook: front.notebook
    });
    const shown = () => views.front();
    front.looked = () => views.looked();
    let loaded: Promise<Actions> | null = null;
    const load = async () => {
      try {
        const own = await import('../actions');
        return new own.Actions(requests, front.panel, plans, choices, front.notebook, shown);
      } catch (reason) {
        loaded = null; // the server was away: the next command asks it again
        throw reason;
      }
    };
    const actions = () => (loaded ??= load());
    addCommands({ app, actions, views, plans, watches, palette, trans: host.trans, ...front });
    // Notebook 7 has its own left side: there the panel stands on the right.
    app.shell.add(sidebar, lab ? 'left' : 'right', { rank: 300 });
    restorer?.add(sidebar, sidebar.id);
    // Notebook 7 forgets its state with a reload.
    const keeper = lab && state ? state : new StateDB({ connector: new TabConnector() });
    void keepChosen(keeper, front.panel, choices);
    views.restore(restorer, keeper);
    app.serviceManager.contents.fileChanged.connect((_, { type, oldValue, newValue }) => {
      if (type === 'rename' && oldValue?.path && newValue?.path) {
        choices.rename(oldValue.path, newValue.path);
        front.panel.rename(oldValue.path, newValue.path);
      }
    });
    if (settings) {
      void folds(settings, sidebar);
    }
    void app.restored.then(() => Promise.all([actions().catch(() => undefined), behind()]));
  }
};

/** Load what the panel is sure to need next. */
async function behind(): Promise<void> {
  await Promise.all([
    import('../panels/runwith'),
    import('../panels/group'),
    import('../panels/overview'),
    import('../panels/planview'),
    import('../panels/problem'),
    import('../panels/watchline'),
    import('../panels/workers')
  ]);
}

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
