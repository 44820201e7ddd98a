/** The words for states of a datum and of a run, as bytes and in their order. */

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
