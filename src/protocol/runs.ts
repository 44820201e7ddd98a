/** A run, its failures and its workers, as the server tells them (docs/live-protocol.md). */
import type { Status } from './states';

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
  /** Failed datums whose kind of failure is expected; an older server does not say. */
  expected?: number;
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
  /** Results that came after their datum was given to another worker; an older server does not say. */
  late?: number;
  reasons: Record<string, number> | null;
  /** By reason, the datums that the run was not about; an older server does not say. */
  left?: Record<string, number> | null;
  retryable: string | null;
  /** One id over the runs that began together; an older server says none of these. */
  pipeline?: string;
  /** Transforms that its input names. */
  needs?: string[];
  /** What the listing of its input lacked, in sentences. */
  missing?: string[];
  /** What was written down on the way besides counts; null: nothing was. */
  noted?: INoted | null;
  options?: IRunOptions;
  /** The same as the cell alone says it, and its engine: what another run would have. */
  cell?: IRunOptions & { engine?: string };
  /** Where `NAME.stream()` takes what the run makes: who waits for whom. */
  feed?: IFeed | null;
}

/** What is to be said of files and datums that no count tells. */
export interface INoted {
  /** Sentences of the input, and of datums that nothing ran for. */
  notes: string[];
  /** Datums of which an input changed while they were processed. */
  dirty: number;
  /** Outputs of inputs that vanished: how many were removed, and how many stay. */
  pruned: { files: number; edited: number } | null;
  /** Why none was removed, though that was asked for. */
  not_pruned: string | null;
}

/** How what a run makes is taken. */
export interface IFeed {
  consumers: number;
  /** Finished datums that nobody has taken. */
  behind: number;
  /** Null: too early to say. */
  bound: 'feed' | 'consumer' | null;
}

/** Workers that were brought up together. */
export interface ICluster {
  id: number;
  engine: string;
  /** The run that it works for now. */
  run: string | null;
  state: 'requested' | 'starting' | 'ready' | 'idle' | 'giving back' | 'gone';
  since: number;
  up: number;
  /** 0: as many as its owner gives it. */
  wanted: number;
  message: string | null;
}

/** What was set of a run, in its cell or for this once. */
export interface IRunOptions {
  workers?: number;
  workers_min?: number;
  gpus?: string;
  batch?: number;
  on_error?: string;
  tries?: number;
  timeout?: number;
  /** The cell is bash. */
  shell?: boolean;
}

/** A run with the cell's text as it was recorded. */
export interface IRunDetail extends IRun {
  source: string;
  untracked: string[] | null;
  /** Contents path of the notebook that had the cell; an older server does not say. */
  notebook?: string | null;
}

/** What may be asked for of a run. */
export type RequestKind = 'cancel' | 'pause' | 'resume' | 'scale' | 'on-error' | 'detach';

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
  /** Id of the run before, if nothing failed like this in it; older servers say neither. */
  new_since?: number | null;
  expected?: IExpected | null;
}

/** Who has marked failures of a kind as expected, and when. */
export interface IExpected {
  at: number;
  by: string;
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
  /** Whether its datum takes far longer than the others did. */
  slow?: boolean;
  /** Bytes that it held when last seen; null: not known. An older server says none of these. */
  memory?: number | null;
  /** The devices that it was given. */
  device?: string | null;
  /** Datums that wait behind the one at work. */
  behind?: number | null;
  /** Why it is gone, and when it went. */
  cause?: string | null;
  gone?: number | null;
}

/** What a POST that starts a run gives back. */
export interface IAsked {
  run: string;
}
