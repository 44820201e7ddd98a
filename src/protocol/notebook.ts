/** A notebook as the server sees it: its transforms, and how it stands to a project. */
import type { IRun } from './runs';

/** A marked cell of the saved notebook. */
export interface ITransform {
  /** Null: its line tells none that can be one. */
  name: string | null;
  cell_id: string | null;
  index: number;
  line: string;
  source: string;
  options: Record<string, unknown>;
  marked: 'magic' | 'metadata';
  /** Transforms that its input names; an older server does not say. */
  needs?: string[];
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
    | 'older'
    | 'kernel-without-extension'
    | 'version-mismatch';
  message: string | null;
  project: string | null;
  root: string | null;
  kernel: { python: string; version: string; protocol: number } | null;
}

/** How many datums, how long one takes, how many are new each day. */
export interface IOverview {
  name: string;
  datums: number;
  counting: boolean;
  times: {
    looked: number;
    all: boolean;
    p50: number;
    p95: number;
    /** An older server does not say. */
    p99?: number;
    longest: number;
  } | null;
  /** The last thirty with work, newest first. */
  days: { date: string; new: number; executions: number }[];
}

/** The server half's own account. */
export interface IServerStatus {
  version: string;
  protocol: number;
  schema: number;
}

/** What stands in the user's settings on the server, by the names of our schema. */
export interface ISettings {
  file: string;
  said: Record<string, string | number>;
  /** Why the file cannot be read. */
  mistake: string | null;
}

/** Which datum a picker asks for, from the one that is bound. */
export type Pick = 'first' | 'next' | 'previous' | 'failed';

/** What the kernel has bound. */
export interface IPicked {
  /** The transform. */
  name: string;
  datum: string;
  /** Its place in the input, from 0. */
  index: number;
}

/** How many datums an input has that is written in a cell. */
export interface ICount {
  count: number | null;
  /** Whether that is all: counting ends after some seconds. */
  whole: boolean;
  /** It names what only the kernel knows, or lies far away; or its line has the mistake. */
  why: 'kernel' | 'far' | 'line' | null;
  mistake: string | null;
}

/** What the metadata that mark a cell say. */
export interface IMarkAnswer {
  /** What would stand behind the magic. */
  line: string;
  mistake: string | null;
  /** The option at fault, where one alone is; the first, where several are. */
  field: string | null;
  /** What is wrong with each option that is at fault by itself. */
  mistakes: Record<string, string>;
}
