/**
 * What we use of packages that JupyterLab shares and not every front end has. They are loaded
 * from the front end that we run in when it stands, so nothing of them is bundled, and one that
 * lacks them lacks the log or the list only.
 */
declare module '@jupyterlab/logconsole' {
  import type { Token } from '@lumino/coreutils';

  export interface ILogger {
    level: 'debug' | 'info' | 'warning' | 'error' | 'critical';
    readonly length: number;
    /** Grows with each line, and is not set back. */
    readonly version: number;
    clear(): void;
    log(line: { type: 'text'; data: string; level: 'info' | 'warning' | 'error' }): void;
  }

  export interface ILoggerRegistry {
    getLogger(source: string): ILogger;
  }

  export const ILoggerRegistry: Token<ILoggerRegistry>;
}

declare module '@jupyterlab/running' {
  import type { LabIcon } from '@jupyterlab/ui-components';
  import type { Token } from '@lumino/coreutils';
  import type { IDisposable } from '@lumino/disposable';
  import type { ISignal } from '@lumino/signaling';

  export interface IRunningItem {
    open?(): void;
    shutdown?(): void;
    icon(): LabIcon;
    label(): string;
    labelTitle?(): string;
    detail?(): string;
  }

  export interface IManager {
    name: string;
    running(): IRunningItem[];
    shutdownAll(): void;
    refreshRunning(): void;
    runningChanged: ISignal<any, any>;
    shutdownLabel?: string;
    shutdownAllLabel?: string;
    shutdownAllConfirmationText?: string;
  }

  export interface IRunningSessionManagers {
    add(manager: IManager): IDisposable;
  }

  export const IRunningSessionManagers: Token<IRunningSessionManagers>;
}
