/** Transforms whose input is watched: what is new or changed there runs by itself. */

/** A watched transform. */
export interface IWatch {
  transform: string;
  /** Seconds that a file must have stood still. */
  settle: number;
  /** Seconds between two listings; null: as the system tells of changes. */
  every: number | null;
  state: 'active' | 'stopped' | 'failed';
  how: string;
  message: string | null;
  since: number;
  /** Runs that it has asked for. */
  runs: number;
}
