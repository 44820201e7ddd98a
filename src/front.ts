/** Bringing a widget to the front, in JupyterLab and in Notebook 7. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { TabPanel } from '@lumino/widgets';
import type { Widget } from '@lumino/widgets';

/** Show a widget of the shell, in front of its neighbours. */
export function bringUp({ shell }: JupyterFrontEnd, widget: Widget): void {
  // Notebook 7 opens the area below, and leaves in front of it what was there.
  const area = widget.parent?.parent;
  if (area instanceof TabPanel) {
    area.currentWidget = widget;
  }
  shell.activateById(widget.id);
}
