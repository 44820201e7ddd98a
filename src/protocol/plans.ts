/** What a run would do, and what is decided before it. */

/** What a run would do. */
export interface IPlan {
  total: number;
  would_run: number;
  reasons: Record<string, number>;
  /** The first that would run. */
  first: string[];
  /** The reason of each of these, and behind a colon what changed. */
  why: string[];
  /** The first of each reason. */
  examples: Record<string, string[]>;
  /** The keys of these, where a run can be limited to them; an older server tells none. */
  keys?: Record<string, string[]>;
  /** What changed in the code, and how many datums were made before that. */
  parts: Record<string, number>;
  /** What has another version now, and how many results were made before that. */
  environment: Record<string, number>;
  vanished: number;
  left_input: number;
  /** Datums of before that an incomplete listing lacks; an older server tells none. */
  unknown?: number;
  sizes: { bytes?: number; median?: number; p95?: number; largest?: [string, number][] };
  errors: string[];
  notes: string[];
  estimate: number | null;
  /** Transforms before this one that have datums to run first; an older server tells none. */
  ahead?: IAhead[];
  ended: boolean;
  workers?: number;
  gone?: { key: string; files: number; first: string[] }[];
  /** Whether the planned code counts as another that has made results. */
  marked?: boolean;
}

/** A transform that runs before the planned one: what it gives comes on top of the plan. */
export interface IAhead {
  name: string;
  would_run: number;
  total: number;
  /** Why it cannot be planned. */
  error: string | null;
}

/** What is decided about results that are there. */
export type Verb = 'plan' | 'prune' | 'move' | 'equivalent';

/** A transform that a kernel of the server's records; how far it is tells `upkeep`. */
export interface IRecording {
  project: string;
  transform: string;
  upkeep: string;
}

/** How far something is that a process of its own does. */
export interface IUpkeep {
  verb: Verb | 'record';
  state: 'open' | 'done' | 'refused';
  message: string | null;
  lines: string[];
  plan: IPlan | null;
  /** The name under which a cell was recorded. */
  recipe?: string | null;
  /** Which of how many cells is being executed for that. */
  cells?: [number, number] | null;
}

/** The name under which a kernel has recorded a cell as it stands. */
export interface IRecipe {
  project: string;
  transform: string;
  recipe: string;
  /** Whether the cell has run in that kernel: one that has just started lacks what it needs. */
  ran?: boolean;
}
