/**
 * What we use of JupyterLab's debugger. It is loaded when a datum is debugged, from the front end
 * that we run in, which shares it: so nothing of it is bundled, and a front end without one lacks
 * this command only.
 */
declare module '@jupyterlab/debugger' {
  import type { NotebookPanel } from '@jupyterlab/notebook';
  import type { Session } from '@jupyterlab/services';
  import type { Token } from '@lumino/coreutils';

  export interface IBreakpoint {
    verified: boolean;
    line: number;
  }

  export interface IDebugger {
    readonly isStarted: boolean;
    isAvailable(connection: Session.ISessionConnection): Promise<boolean>;
    hasStoppedThreads(): boolean;
    restoreState(autoStart: boolean): Promise<void>;
    updateBreakpoints(code: string, breakpoints: IBreakpoint[]): Promise<void>;
  }

  export interface IDebuggerHandler {
    update(panel: NotebookPanel, connection: Session.ISessionConnection | null): Promise<void>;
  }

  export const IDebugger: Token<IDebugger>;
  export const IDebuggerHandler: Token<IDebuggerHandler>;
}
