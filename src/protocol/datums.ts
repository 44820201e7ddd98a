/** A datum: its files, its attempts, what it displayed, where it comes from. */
import type { State } from './states';

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

/** One outcome of a datum. */
export interface IVersion {
  run: string;
  /** Of the run, as people call it; an older server does not say. */
  number?: number;
  at: number;
  seconds: number;
  state: State;
  attempt: number;
  code: number;
  input: string;
  changed: string[];
  /** Which parts of the code have changed: the cell, a helper, a captured name. */
  parts?: string[];
}

/** All outcomes of a datum, newest first. */
export interface IHistory {
  versions: IVersion[];
  codes: Record<string, string>;
  /** The first digits of each code's fingerprint; an older server says none of these. */
  marks?: Record<string, string>;
  /** What each code consists of, by name. */
  parts?: Record<string, string[]>;
  /** In which of these the two codes of `diff` differ. */
  differs?: string[];
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
  attempt?: number;
  began?: number;
  seconds?: number;
  run: string;
  version: number;
  current: boolean;
  gone: boolean;
  inputs: ISome<ITraced>;
  outputs: ISome<ITraced>;
  up: ISome<INode>;
  down: ISome<INode>;
}
