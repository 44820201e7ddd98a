/** The notebook in front. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { Badges } from '../cells/badges';
import { OpenNotebook } from '../cells/opennotebook';
import { CellCounts } from '../models/cellcounts';
import { Counts } from '../models/counts';
import { PanelModel } from '../models/panel';
import { ICore, IFront } from './tokens';

export const front: JupyterFrontEndPlugin<IFront> = {
  id: 'jupyter-datum:front',
  description: 'Follows the notebook in front.',
  autoStart: true,
  provides: IFront,
  requires: [ICore, INotebookTracker],
  activate: (_: JupyterFrontEnd, core: ICore, tracker: INotebookTracker): IFront => {
    const panel = new PanelModel(core.runs, core.requests);
    let open: OpenNotebook | null = null;
    let badges: Badges | null = null;
    const counts = new Counts(core.requests);
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
      badges = open ? new Badges(open, panel, core.host, new CellCounts(counts)) : null;
      void currentWidget?.sessionContext.ready.then(() =>
        mine === open ? panel.refreshSoon() : undefined
      );
    };
    core.host.edits = panel;
    core.host.cells = () => open?.cells() ?? [];
    tracker.currentChanged.connect(follow);
    follow();
    return { panel, counts, notebook: () => open, badges: () => badges };
  }
};
