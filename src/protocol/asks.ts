/** What is asked of the server: bodies and filters. */
import type { Verb } from './plans';

/** Which datums of a run are listed. */
export interface IFilter {
  state?: string;
  group?: number;
  name?: string;
  error?: string;
  after?: string;
  limit?: number;
}

/** What is run again. */
export type What =
  | 'failed'
  | { group: number }
  | { datums: number[] }
  | { filter: string }
  /** First and last place each. */
  | { positions: (readonly [number, number])[] };

/** How a run is to differ from the cell as it is recorded. */
export interface IStart {
  transform: string;
  only?: string[];
  force?: boolean;
  engine?: string;
  /** A number, or the fewest and the most as `2..16`. */
  workers?: number | string;
  gpus?: string;
  batch?: number;
  on_error?: string;
  tries?: number;
  timeout?: string;
  sample?: number;
  /** What a kernel has recorded for a plan; without it what ran last. */
  recipe?: string;
  /** Datums by their keys, as a plan tells them. */
  keys?: readonly string[];
  key: string;
}

/** The same for the cell of a saved notebook: a kernel is started for it if need be. */
export interface IStartCell extends Omit<IStart, 'recipe' | 'keys'> {
  /** Contents path. */
  notebook: string;
  /** Transforms of the notebook that it needs run too, first. */
  needs?: boolean;
}

/** What is planned or decided. */
export interface IUpkeepRequest {
  verb: Verb;
  transform: string;
  recipe?: string;
  all?: boolean;
  undo?: boolean;
}
