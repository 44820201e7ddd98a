/**
 * The ground: what the ledger's server says, command ids, and the tokens by which other extensions
 * find us. Nothing here does anything.
 */
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { ICounts, IGroup, IOther, IRun, IWorker, Status } from './protocol';

export * from './protocol';

/** The protocol that this front end speaks. */
export const PROTOCOL = 1;

/** Where all our strings are translated. */
export const DOMAIN = 'jupyter_datum';

/** The bundle that the kernel sends as a cell's output. */
export const MIME_TYPE = 'application/vnd.jupyter-datum+json';

/** The bundle that tells under which name the kernel has recorded a cell. */
export const RECIPE_MIME = 'application/vnd.jupyter-datum.recipe+json';

/** What the kernel puts into a cell's output. */
export interface IBundle {
  project: string;
  run: string;
  name: string;
  status: Status;
  counts: Partial<ICounts> & { total: number };
}

/** How the page stands to the server. */
export type Connection = 'idle' | 'connecting' | 'open' | 'lost' | 'missing' | 'older';

/** One run as the page knows it, live; all views of it share one. */
export interface IRunModel {
  readonly project: string;
  readonly uuid: string;
  readonly info: IRun | null;
  readonly counts: ICounts | null;
  readonly total: number;
  /** One byte a datum; only its first `total` bytes count. */
  readonly states: Uint8Array;
  readonly groups: readonly IGroup[];
  readonly other: IOther | null;
  readonly workers: readonly IWorker[];
  readonly error: string | null;
  /** Datums a second, lately. */
  readonly rate: number;
  /** Seconds left, as middle, low, high; null while nothing can be said. */
  readonly eta: readonly [number, number, number] | null;
  readonly changed: ISignal<IRunModel, void>;
}

/** A run that a view holds: dispose it and the page no longer listens for it. */
export interface IHeldRun extends IDisposable {
  readonly model: IRunModel;
}

/** All runs of all projects of this page, over one socket. */
export interface IRunsModel {
  readonly connection: Connection;
  /** When the server was last heard, in milliseconds; 0: never. */
  readonly heard: number;
  readonly changed: ISignal<IRunsModel, void>;
  /** Keep the list of a project's runs up to date until disposed. */
  watch(project: string): IDisposable;
  /** The runs known of a project, newest first. */
  runs(project: string): readonly IRun[];
  /** Follow one run; `states` also asks for each datum's state. */
  hold(project: string, run: string): IHeldRun;
}

/** The page's runs, for other extensions. */
export const IRunsModel = new Token<IRunsModel>(
  'jupyter-datum:IRunsModel',
  'Live runs of datums, over one socket a page.'
);

/** Ids of all commands. All take JSON arguments and return a value. */
export const Commands = {
  openPanel: 'datum:open-panel',
  selectTransform: 'datum:select-transform',
  openRun: 'datum:open-run',
  openDatum: 'datum:open-datum',
  nextFailure: 'datum:next-failure',
  previousFailure: 'datum:previous-failure',
  retryFailed: 'datum:retry-failed',
  retryEdited: 'datum:retry-edited',
  retryRecorded: 'datum:retry-recorded',
  retryGroup: 'datum:retry-group',
  retryDatum: 'datum:retry-datum',
  run: 'datum:run',
  runAll: 'datum:run-all',
  runCell: 'datum:run-cell',
  plan: 'datum:plan',
  closePlan: 'datum:close-plan',
  equivalent: 'datum:equivalent',
  prune: 'datum:prune',
  move: 'datum:move',
  pause: 'datum:pause',
  resume: 'datum:resume',
  stop: 'datum:stop',
  stopAll: 'datum:stop-all',
  scale: 'datum:scale',
  watch: 'datum:watch',
  detach: 'datum:detach',
  insertSample: 'datum:insert-sample',
  showCell: 'datum:show-cell',
  openFile: 'datum:open-file',
  copyId: 'datum:copy-id',
  refresh: 'datum:refresh'
} as const;
