/** How the datums of a run went, and what the run was, as the server tells it. */
import type { State } from './states';

/** How long datums took, in seconds. */
export interface ITimes {
  /** How many that is said of: the last attempt of each. */
  datums: number;
  p50: number;
  p95: number;
  longest: number;
}

/** Columns on a logarithmic axis; `low` and `width` are decimal logarithms of seconds. */
export interface IColumns {
  low: number;
  width: number;
  counts: number[];
  failed: number[];
}

/** A datum that took long. */
export interface ILong {
  id: number;
  position: number;
  key: string | null;
  state: State;
  seconds: number;
  worker: string;
  began: number;
}

/** A datum at work. */
export interface IAtWork {
  position: number;
  key: string | null;
  worker: string;
  began: number;
  seconds: number;
  slow: boolean;
}

/** A worker with all that is known of it; those that are gone too. */
export interface ICrew {
  worker: string;
  pid: number | null;
  host: string | null;
  up: number;
  position: number | null;
  key: string | null;
  /** Since when it is at its datum. */
  since: number | null;
  /** When it went. */
  gone: number | null;
  done: number;
  state: 'idle' | 'busy' | 'gone';
  /** Why it is gone. */
  cause: string | null;
  /** It ended though nobody wanted it to. */
  died: boolean;
  /** At datums. */
  seconds: number;
  /** Share of its time at datums; null: not known yet. */
  busy: number | null;
  /** Bytes that it held when last seen. */
  memory: number | null;
  device: string | null;
}

/** Begin, end, datums, failed, share busy, position: -1 where the bar is a slot of time. */
export type TimelineBar = [number, number, number, number, number, number];

/** Who worked when; times of bars count from `since`. */
export interface ITimeline {
  since: number;
  until: number;
  /** Seconds of a bar; null: each is one datum. */
  width: number | null;
  lanes: { worker: string; bars: TimelineBar[] }[];
  /** Workers that are not shown. */
  more: number;
}

/** How a run went. */
export interface ITiming {
  at: number;
  /** Datums that were read, of those that have come to an end. */
  looked: number;
  settled: number;
  /** Whether these are all there are at the moment. */
  whole: boolean;
  bytes: number | null;
  sized: number;
  devices: string | null;
  times: ITimes | null;
  histogram: IColumns | null;
  slowest: ILong[];
  running: IAtWork[];
  workers: ICrew[];
  timeline: ITimeline | null;
}

/** What a run was. */
export interface ISpec {
  run: string;
  id: number;
  name: string;
  source: string;
  /** The how manieth version of its code. */
  version: number;
  notebook: string | null;
  cell_id: string | null;
  input: string | null;
  out: string | null;
  options: Record<string, unknown>;
  /** What the code reads or calls from outside. */
  parts: { name: string; digest: string; value?: string | null }[];
  depends: string[] | null;
  untracked: string[] | null;
  /** Names of environment variables; never a value. */
  variables: string[] | null;
  warnings: string[];
  notes: string[];
  python: string;
  packages: Record<string, string>;
  engine: string;
  devices: string | null;
  origin: string;
  user: string;
  requested: number;
  started: number | null;
  ended: number | null;
}
