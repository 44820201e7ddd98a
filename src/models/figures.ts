/** What a run that goes on tells several times a second, apart from all that it seldom tells. */
import { ENDED } from '../tokens';
import type { IRun } from '../tokens';

const FIGURES: ReadonlySet<string> = new Set<keyof IRun>([
  ...(['running', 'success', 'failed', 'recovered', 'skipped', 'cancelled', 'expected'] as const),
  ...(['planned', 'total', 'pending', 'seconds', 'executions'] as const),
  ...(['saved', 'late', 'reasons', 'feed'] as const)
]);

/**
 * All of a run but its figures, to be compared: of those only whether there is any, as the first
 * failure is more than a figure. A run that has ended has none: each change of it counts.
 */
export function besideFigures(run: IRun): string {
  const going = !ENDED.has(run.status);
  return JSON.stringify(run, (key, value: unknown) =>
    going && FIGURES.has(key) ? Boolean(value) : value
  );
}
