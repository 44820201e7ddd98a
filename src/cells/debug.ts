/** JupyterLab's debugger, started on a cell with one breakpoint. Loaded when it is asked for. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Have the debugger follow `panel`, and stop on a line of a cell whose text is `source`. */
export async function startDebugger(
  app: JupyterFrontEnd,
  trans: TranslationBundle,
  panel: NotebookPanel,
  source: string,
  line: number
): Promise<void> {
  const { sessionContext } = panel;
  await sessionContext.ready;
  const connection = sessionContext.session;
  const parts = await debuggerOf(app);
  if (!parts) {
    throw new Error(trans.__('this front end has no debugger: the cell is there, run it by hand'));
  }
  const { service, handler } = parts;
  if (!connection?.kernel || !(await service.isAvailable(connection))) {
    throw new Error(
      trans.__('the kernel cannot be debugged: take one with ipykernel 6 or later, and debugpy')
    );
  }
  await handler.update(panel, connection);
  if (!service.isStarted) {
    await service.restoreState(true);
    await handler.update(panel, connection); // breakpoints show beside the lines from now on
  }
  await service.updateBreakpoints(source, [{ verified: true, line }]);
}

async function debuggerOf(app: JupyterFrontEnd) {
  try {
    const { IDebugger, IDebuggerHandler } = await import('@jupyterlab/debugger');
    const service = await app.resolveOptionalService(IDebugger);
    const handler = await app.resolveOptionalService(IDebuggerHandler);
    return service && handler ? { service, handler } : null;
  } catch {
    return null; // not shared by this front end
  }
}
