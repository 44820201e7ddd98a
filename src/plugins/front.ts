/** The open notebooks, and the one in front. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { Badges } from '../cells/badges';
import { OpenNotebook } from '../cells/opennotebook';
import { CellCounts } from '../models/cellcounts';
import { Counts } from '../models/counts';
import { PanelModel } from '../models/panel';
import { ICore, IFront } from './tokens';

interface IOpen {
  open: OpenNotebook;
  badges: Badges;
}

export const front: JupyterFrontEndPlugin<IFront> = {
  id: 'jupyter-datum:front',
  description: 'Follows the open notebooks, and which of them is in front.',
  autoStart: true,
  provides: IFront,
  requires: [ICore, INotebookTracker],
  activate: (_: JupyterFrontEnd, core: ICore, tracker: INotebookTracker): IFront => {
    const panel = new PanelModel(core.runs, core.requests);
    const counts = new Counts(core.requests);
    const known = new Map<NotebookPanel, IOpen>();
    const add = (widget: NotebookPanel): IOpen => {
      const open = new OpenNotebook(widget);
      const model = panel.of(open);
      const badges = new Badges(open, model, core.host, new CellCounts(counts));
      known.set(widget, { open, badges });
      widget.disposed.connect(() => {
        known.delete(widget);
        badges.dispose();
        panel.close(open);
        open.dispose();
      });
      void widget.sessionContext.ready.then(() => model.refreshSoon());
      return { open, badges };
    };
    const of = (widget: NotebookPanel | null) =>
      widget && !widget.isDisposed ? (known.get(widget) ?? add(widget)) : null;
    const current = () => of(tracker.currentWidget);
    const at = (path: string) =>
      [...known.values()].find(({ open }) => open.path === path)?.open ?? null;
    const follow = () => {
      const open = current()?.open ?? null;
      if (open !== panel.notebook) {
        panel.setNotebook(open);
      }
    };
    tracker.widgetAdded.connect((_, widget) => void of(widget));
    tracker.currentChanged.connect(follow);
    tracker.forEach(widget => void of(widget));
    follow();
    core.host.edits = {
      changed: panel.cellsChanged,
      editedSince: (project, run) => panel.editedSince(project, run)
    };
    core.host.elsewhere = async (project, uuid) => {
      const { notebook = null } = await panel.recorded({ project, uuid });
      return notebook === current()?.open.path ? null : notebook;
    };
    core.host.cells = () => current()?.open.cells() ?? [];
    return {
      panel,
      counts,
      notebook: path => (path === undefined ? (current()?.open ?? null) : at(path)),
      badges: () => current()?.badges ?? null,
      looked: () => null // until there are views
    };
  }
};
