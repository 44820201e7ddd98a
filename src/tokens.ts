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

/** The bundle that tells which datum the kernel has bound. */
export const PICK_MIME = 'application/vnd.jupyter-datum.pick+json';

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

/** A file that went into a datum or came out of it, to be shown. */
export interface IDatumFile {
  project: string;
  /** The run's uuid. */
  run: string;
  datum: number;
  side: 'input' | 'output';
  /** The name of the input or output among several; empty where there is one. */
  name: string;
  /** Its path below the root of the input or output. It may hold anything: show it as text. */
  rel: string;
  size: number | null;
  /** As the server takes it to be, by its first bytes; `application/octet-stream` if unknown. */
  mime: string;
  /** Its contents path, if JupyterLab can open it. */
  path: string | null;
  /** Its bytes, from the beginning; the server gives no more than some megabytes. */
  bytes(): Promise<ArrayBuffer>;
}

/** Shows files of one kind on the page of a datum. */
export interface IDatumRenderer {
  /** Which files: by MIME type, or by the end of their names, as `.tif`. */
  mimeTypes?: readonly string[];
  extensions?: readonly string[];
  /** The smallest rank of those that fit is taken; 100 if it has none. */
  rank?: number;
  /** Draw into `node`. What it returns is disposed when the file is no longer shown. */
  render(file: IDatumFile, node: HTMLElement): Promise<IDisposable | void>;
}

/** The renderers of inputs and outputs that are there. */
export interface IDatumRenderers {
  readonly changed: ISignal<IDatumRenderers, void>;
  /** Add one, until disposed. */
  add(renderer: IDatumRenderer): IDisposable;
  /** The one for a file; null: ours, which knows images, tables and text. */
  find(file: IDatumFile): IDatumRenderer | null;
}

/** A datum that has failed; a command gets the same as its arguments. */
export interface IFailedDatum {
  project: string;
  /** The run's uuid. */
  run: string;
  datum: number;
  key: string | null;
  group: number | null;
}

/** A button on the page of a failed datum: a command, which is given the datum. */
export interface IFailureAction {
  /** Its label and icon are the button's. */
  command: string;
  /** Smaller ranks stand first; 100 if it has none. */
  rank?: number;
  /** Whether it is offered for this datum; it is unless told not to. */
  isVisible?(datum: IFailedDatum): boolean;
}

/** What else can be done with a failed datum. */
export interface IFailureActions {
  readonly changed: ISignal<IFailureActions, void>;
  /** Add one, until disposed. */
  add(action: IFailureAction): IDisposable;
  /** Those for a datum, in their order. */
  of(datum: IFailedDatum): readonly IFailureAction[];
}

/** Renderers of inputs and outputs, for other extensions to add to. */
export const IDatumRenderers = new Token<IDatumRenderers>(
  'jupyter-datum:IDatumRenderers',
  'Shows inputs and outputs of datums, by MIME type or by the end of their names.'
);

/** Actions on failed datums, for other extensions to add to. */
export const IFailureActions = new Token<IFailureActions>(
  'jupyter-datum:IFailureActions',
  'Adds actions to datums that have failed.'
);

/** Ids of all commands. All take JSON arguments and return a value. */
export const Commands = {
  openPanel: 'datum:open-panel',
  selectTransform: 'datum:select-transform',
  showLog: 'datum:show-log',
  showNotebook: 'datum:show-notebook',
  openRun: 'datum:open-run',
  openDatum: 'datum:open-datum',
  nextFailure: 'datum:next-failure',
  previousFailure: 'datum:previous-failure',
  retryFailed: 'datum:retry-failed',
  retryEdited: 'datum:retry-edited',
  retryRecorded: 'datum:retry-recorded',
  retryGroup: 'datum:retry-group',
  retryDatum: 'datum:retry-datum',
  retrySelection: 'datum:retry-selection',
  exportRows: 'datum:export',
  openInNotebook: 'datum:open-in-notebook',
  debugDatum: 'datum:debug-datum',
  compareLastGood: 'datum:compare-last-good',
  copyReplay: 'datum:copy-replay',
  markCell: 'datum:mark-cell',
  unmarkCell: 'datum:unmark-cell',
  runThisCell: 'datum:run-this-cell',
  sampleThisCell: 'datum:sample-this-cell',
  retryThisCell: 'datum:retry-this-cell',
  pickDatum: 'datum:pick-datum',
  markExpected: 'datum:mark-expected',
  run: 'datum:run',
  runSample: 'datum:run-sample',
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
  onError: 'datum:on-error',
  watch: 'datum:watch',
  detach: 'datum:detach',
  insertSample: 'datum:insert-sample',
  showCell: 'datum:show-cell',
  openFile: 'datum:open-file',
  showLineage: 'datum:show-lineage',
  showUsers: 'datum:show-users',
  copyId: 'datum:copy-id',
  settings: 'datum:settings',
  refresh: 'datum:refresh',
  upgrade: 'datum:upgrade',
  bring: 'datum:bring',
  report: 'datum:report'
} as const;
