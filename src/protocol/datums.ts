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
  /** Of its run, as people see it; an older server does not say. */
  number?: number;
  attempt: number;
  state: State;
  worker: string | null;
  began: number | null;
  seconds: number | null;
  message: string | null;
  traceback: string | null;
  phase: string | null;
  place: string | null;
  log: boolean | string | number | null;
  /** The failure group of its run; an older server says neither of these. */
  group?: number | null;
  /** Files that it had written when it failed. */
  partial?: string[];
}

/** A datum with all that is known of it. */
export interface IDatumDetail extends IDatum {
  inputs: IFile[];
  outputs: IFile[];
  attempts: IAttempt[];
  result: string | null;
  metrics: Record<string, unknown> | string | null;
  /** How many inputs and outputs it has: of many the first are listed. */
  files?: [number, number];
  /** The item that it is, as JSON, where its key is but a digest; an older server does not say. */
  item?: string | null;
  /** The table that it is a row of, or rows; an older server does not say. */
  table?: IFile | null;
}

/** A frame of a traceback. */
export interface IFrame {
  /** `notebook`: another cell; `cut`: frames that were left out. */
  where: 'cell' | 'notebook' | 'file' | 'cut';
  name: string;
  /** The installed package that it is of; null: the user's own code. */
  package: string | null;
  path: string | null;
  line: number;
  function: string | null;
  /** The number of the first of the lines. */
  first: number;
  lines: string[];
  /** Its file has another line there by now. */
  edited: boolean;
  skipped: number;
}

/** One exception of a traceback. */
export interface IBlock {
  error: string;
  frames: IFrame[];
}

/** The code that an attempt ran, and where it failed. */
export interface ICode {
  notebook: string | null;
  source: string;
  fingerprint: string;
  /** Digest of each part of the fingerprint, captured names among them. */
  parts: Record<string, string>;
  /** What the numbers among them were; an older server tells none. */
  values?: Record<string, string>;
  python: string;
  packages: Record<string, string>;
  /** The exception that failed it is the last one. */
  blocks: IBlock[];
}

/** Which files of a datum: `partial` is what a failed attempt had written, `row` what it is in
 * the table that it is a row of. */
export type Side = 'input' | 'output' | 'partial' | 'row';

/** The beginning of a file. */
export interface IPreview {
  kind: 'image' | 'table' | 'record' | 'text' | 'bytes' | 'none';
  /** Why nothing is shown. */
  why: string | null;
  mime: string | null;
  size: number | null;
  modified: number | null;
  /** It is another file than the one that was recorded. */
  changed: boolean;
  digest: string | null;
  pixels: [number, number] | null;
  /** Base64. */
  data: string | null;
  columns: string[] | null;
  rows: string[][] | null;
  text: string | null;
  /** This is not all of it. */
  more: boolean;
}

/** What a datum prints while it is at work. */
export interface IPrinting extends ILog {
  worker: string | null;
  began: number | null;
  /** It begins where the datum began to print. */
  exact: boolean;
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
  /** It was brought back then; `run` has made it once. */
  restored?: boolean;
  /** Why it failed, in a line. */
  message?: string;
  /** When its outputs were pruned; 0: they were not. An older server says none of these. */
  pruned?: number;
}

/** All outcomes of a datum, newest first. */
export interface IHistory {
  versions: IVersion[];
  /** Keys that it had before its file was renamed, and until when, the last first. */
  formerly?: [string, number][];
  codes: Record<string, string>;
  /** The first digits of each code's fingerprint; an older server says none of these. */
  marks?: Record<string, string>;
  /** What each code consists of, by name. */
  parts?: Record<string, string[]>;
  /** In which of these the two codes of `diff` differ. */
  differs?: string[];
  /** Between two versions of the cell: the last two, or those asked for. */
  diff: string;
  /** Between the same two, of what else changed and has a text; an older server says none. */
  helpers?: IHelperDiff[];
}

/** How a helper or a constant differs; null: it was not there. */
export interface IHelperDiff {
  name: string;
  diff: string;
  old: string | null;
  new: string | null;
}

/** The first of many. */
export interface ISome<T> {
  count: number;
  capped: boolean;
  /** Why others are not among the first: too many (empty), `cut`, `unknown`. */
  rest?: string;
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
  /** Empty: as it is. Else told is what was read: `remade` since, `failed` since, `unknown`;
   * `earlier`: made from an earlier version of the datum above it. */
  now?: string;
  restored?: boolean;
  /** Its place in the input, counted from 0; an older server does not say. */
  position?: number;
  /** Keys that it had before its file was renamed, the last first. */
  formerly?: string[];
  inputs: ISome<ITraced>;
  outputs: ISome<ITraced>;
  up: ISome<INode>;
  down: ISome<INode>;
}
