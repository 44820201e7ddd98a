/** Failures that nobody has expected, which alone are an alarm: pure functions. */

/** What is known of a run's failures. */
export interface IFailed {
  failed: number;
  /** Those of a kind that somebody has marked as expected; an older server does not say. */
  expected?: number;
}

/** How many datums have failed as nobody expects. */
export function alarms(counts: Partial<IFailed>): number {
  return Math.max(0, (counts.failed ?? 0) - (counts.expected ?? 0));
}
