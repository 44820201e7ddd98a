/**
 * The ground: what the ledger's server says (docs/live-protocol.md), the words for states,
 * command ids, and the tokens by which other extensions find us. Nothing here does anything.
 */
import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

/** The protocol that this front end speaks. */
export const PROTOCOL = 1;

/** Where all our strings are translated. */
export const DOMAIN = 'jupyter_datum';

/** The bundle that the kernel sends as a cell's output. */
export const MIME_TYPE = 'application/vnd.jupyter-datum+json';

/** The bundle that tells under which name the kernel has recorded a cell. */
export const RECIPE_MIME = 'application/vnd.jupyter-datum.recipe+json';

/** States of a datum; the place in the list is the byte in a run's states. */
export const STATES = [
  'pending',
  'running',
  'success',
  'failed',
  'recovered',
  'skipped',
  'cancelled'
] as const;

/** One state of a datum. */
export type State = (typeof STATES)[number];

/** Bytes of the states that code compares with. */
export const PENDING = 0;
export const RUNNING = 1;
export const FAILED = 3;

/** The order of segments in every bar. */
export const BAR_ORDER: readonly State[] = [
  'skipped',
  'recovered',
  'success',
  'failed',
  'cancelled',
  'running',
  'pending'
];

/** How bad a state is, by its byte: a tile of the map shows the worst of its datums. */
export const WORST: readonly number[] = [1, 3, 0, 6, 4, 0, 2];

/** What a run is doing. */
export type Status =
  | 'queued'
  | 'running'
  | 'held'
  | 'paused'
  | 'cancelling'
  | 'success'
  | 'failed'
  | 'cancelled'
  | 'error'
  | 'interrupted';

/** Statuses after which nothing more happens in a run. */
export const ENDED: ReadonlySet<Status> = new Set<Status>([
  'success',
  'failed',
  'cancelled',
  'error'
]);

/** How many datums are in which state: all that a bar needs, with the total. */
export interface ICounts {
  status: Status;
  running: number;
  success: number;
  failed: number;
  recovered: number;
  skipped: number;
  cancelled: number;
  planned: number | boolean;
  seconds: number;
  executions: number;
  workers: number;
  ended: number | null;
}

/** A run, as lists give it. */
export interface IRun extends ICounts {
  uuid: string;
  id: number;
  name: string;
  transform: number | string;
  version: number;
  engine: string;
  origin: string;
  message: string | null;
  requested: number;
  started: number | null;
  total: number;
  pending: number;
  saved: number;
  reasons: Record<string, number> | null;
  /** By reason, the datums that the run was not about; an older server does not say. */
  left?: Record<string, number> | null;
  retryable: string | null;
}

/** A run with the cell's text as it was recorded. */
export interface IRunDetail extends IRun {
  source: string;
  untracked: string[] | null;
}

/** What may be asked for of a run. */
export type RequestKind = 'cancel' | 'pause' | 'resume' | 'scale' | 'detach';

/** Failures with one signature; counts are exact. */
export interface IGroup {
  id: number;
  type: string;
  message: string;
  place: string | null;
  phase: string;
  datums: number;
  first: number;
  last: number;
  sample: number | null;
  workers: string[];
}

/** What did not fit among the groups. */
export interface IOther {
  groups: number;
  datums: number;
}

/** One process of an engine. */
export interface IWorker {
  worker: string;
  pid: number | null;
  host: string | null;
  /** Since when it is up; falsy: it is gone. */
  up: number | boolean | null;
  position: number | null;
  key: string | null;
  since: number | null;
  done: number;
  state: string;
}

/** A datum, as lists give it. */
export interface IDatum {
  id: number | null;
  key: string | null;
  state: State;
  attempt: number;
  attempts: number | IAttempt[];
  seconds: number | null;
  began: number | null;
  worker: string | null;
  position: number;
  run: string | number;
  group: number | null;
  outputs: number | IFile[];
}

/** An input or output file of a datum. */
export interface IFile {
  name: string;
  rel: string;
  size: number | null;
  path: string | null;
}

/** One try at a datum. */
export interface IAttempt {
  run: string | number;
  attempt: number;
  state: State;
  worker: string | null;
  began: number | null;
  seconds: number | null;
  message: string | null;
  traceback: string | null;
  phase: string | null;
  place: string | null;
  log: boolean | string | null;
}

/** A datum with all that is known of it. */
export interface IDatumDetail extends IDatum {
  inputs: IFile[];
  outputs: IFile[];
  attempts: IAttempt[];
  result: string | null;
  metrics: Record<string, unknown> | string | null;
}

/** Something that a cell displayed, as nbformat has it. It may come from anyone. */
export interface IOutput {
  output_type: 'display_data' | 'execute_result';
  data: Record<string, unknown>;
}

/** The end of what a datum printed. */
export interface ILog {
  text: string;
  size: number;
  cut: boolean;
}

/** A marked cell of the saved notebook. */
export interface ITransform {
  name: string;
  cell_id: string | null;
  index: number;
  line: string;
  source: string;
  options: Record<string, unknown>;
  marked: 'magic' | 'metadata';
  run: IRun | null;
  changed: boolean | null;
}

/** How notebook, kernel and ledger stand to each other. */
export interface IContext {
  state:
    | 'ok'
    | 'no-project'
    | 'no-files'
    | 'foreign'
    | 'damaged'
    | 'newer'
    | 'kernel-without-extension'
    | 'version-mismatch';
  message: string | null;
  project: string | null;
  root: string | null;
  kernel: { python: string; version: string; protocol: number } | null;
}

/** What a run would do. */
export interface IPlan {
  total: number;
  would_run: number;
  reasons: Record<string, number>;
  /** The first that would run. */
  first: string[];
  /** The first of each reason. */
  examples: Record<string, string[]>;
  /** What changed in the code, and how many datums were made before that. */
  parts: Record<string, number>;
  vanished: number;
  left_input: number;
  sizes: { bytes?: number; median?: number; p95?: number; largest?: [string, number][] };
  errors: string[];
  notes: string[];
  estimate: number | null;
  ended: boolean;
  workers?: number;
  gone?: { key: string; files: number; first: string[] }[];
  /** Whether the planned code counts as another that has made results. */
  marked?: boolean;
}

/** What is decided about results that are there. */
export type Verb = 'plan' | 'prune' | 'move' | 'equivalent';

/** How far something is that a process of its own does. */
export interface IUpkeep {
  verb: Verb;
  state: 'open' | 'done' | 'refused';
  message: string | null;
  lines: string[];
  plan: IPlan | null;
}

/** The name under which a kernel has recorded a cell as it stands. */
export interface IRecipe {
  project: string;
  transform: string;
  recipe: string;
}

/** How many datums, how long one takes, how many are new each day. */
export interface IOverview {
  name: string;
  datums: number;
  counting: boolean;
  times: { looked: number; all: boolean; p50: number; p95: number; longest: number } | null;
  /** The last thirty with work, newest first. */
  days: { date: string; new: number; executions: number }[];
}

/** One outcome of a datum. */
export interface IVersion {
  run: string;
  at: number;
  seconds: number;
  state: State;
  attempt: number;
  code: number;
  input: string;
  changed: string[];
}

/** All outcomes of a datum, newest first. */
export interface IHistory {
  versions: IVersion[];
  codes: Record<string, string>;
  /** Between two versions of the code: the last two, or those asked for. */
  diff: string;
}

/** The first of many. */
export interface ISome<T> {
  count: number;
  capped: boolean;
  first: T[];
}

/** A file as lineage knows it; `now` says what has become of it since. */
export interface ITraced {
  path: string | null;
  rel: string;
  size: number | null;
  content: string;
  now: string;
}

/** A datum among those it was made from and those made from it. */
export interface INode {
  id: number;
  transform: string;
  key: string;
  state: State;
  run: string;
  version: number;
  current: boolean;
  gone: boolean;
  inputs: ISome<ITraced>;
  outputs: ISome<ITraced>;
  up: ISome<INode>;
  down: ISome<INode>;
}

/** The server half's own account. */
export interface IServerStatus {
  version: string;
  protocol: number;
  schema: number;
}

/** What the kernel puts into a cell's output. */
export interface IBundle {
  project: string;
  run: string;
  name: string;
  status: Status;
  counts: Partial<ICounts> & { total: number };
}

/** What a POST that starts a run gives back. */
export interface IAsked {
  run: string;
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
  openDatum: 'datum:open-datum',
  nextFailure: 'datum:next-failure',
  previousFailure: 'datum:previous-failure',
  retryFailed: 'datum:retry-failed',
  retryEdited: 'datum:retry-edited',
  retryRecorded: 'datum:retry-recorded',
  retryGroup: 'datum:retry-group',
  retryDatum: 'datum:retry-datum',
  run: 'datum:run',
  runCell: 'datum:run-cell',
  plan: 'datum:plan',
  closePlan: 'datum:close-plan',
  equivalent: 'datum:equivalent',
  prune: 'datum:prune',
  move: 'datum:move',
  pause: 'datum:pause',
  resume: 'datum:resume',
  stop: 'datum:stop',
  detach: 'datum:detach',
  insertSample: 'datum:insert-sample',
  showCell: 'datum:show-cell',
  openFile: 'datum:open-file',
  copyId: 'datum:copy-id',
  refresh: 'datum:refresh'
} as const;
