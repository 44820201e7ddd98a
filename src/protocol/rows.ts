/** Rows of a run's table. */
import type { State } from './states';

/** What a metric is, in a cell of a table. */
export type Metric = string | number | boolean;

/** A datum as its row tells it: what it came to in this run. */
export interface ITableRow {
  position: number;
  id: number | null;
  key: string | null;
  state: State;
  tries: number | null;
  seconds: number | null;
  began: number | null;
  worker: string | null;
  outputs: number | null;
  group: number | null;
  error: { type: string; message: string } | null;
  metrics: Record<string, Metric>;
  /** Whether an earlier run has found it out. */
  earlier: boolean;
  /** The output that is opened from the row. */
  file: { path: string; image: boolean } | null;
  /** What it came to in the run that this one is compared with. */
  other?: {
    state: State | null;
    seconds: number | null;
    metrics: Record<string, Metric>;
    differs: string[];
  } | null;
}

/** Some rows of a table. */
export interface IRows {
  rows: ITableRow[];
  first: number;
  /** Rows that there are; exact. */
  matches: number;
  /** Datums of the run. */
  total: number;
  /** Names of metrics. */
  metrics: string[];
}

/** Which rows are asked for. */
export interface IRowsQuery {
  filter?: string;
  sort?: string;
  first?: number;
  limit?: number;
  /** uuid of the run to compare with. */
  other?: string;
}
