/** Which datums at work take much longer than the others did. A pure function. */
import type { ICounts, IWorker } from '../tokens';

/** A datum at work. */
export interface ISlow {
  worker: string;
  position: number;
  key: string | null;
  seconds: number;
}

/** Nothing is slow before so many seconds, or before so many times the mean. */
const SECONDS = 5;
const TIMES = 4;
const SHOWN = 3;

/** The slowest at work, longest first; none where they take what all take. */
export function slowest(
  workers: readonly IWorker[],
  counts: Pick<ICounts, 'seconds' | 'executions'>,
  now: number
): ISlow[] {
  const mean = counts.executions > 0 ? counts.seconds / counts.executions : 0;
  const bound = Math.max(SECONDS, TIMES * mean);
  const found: ISlow[] = [];
  for (const { worker, up, state, position, key, since } of workers) {
    if (up && state !== 'gone' && position !== null && since && now - since >= bound) {
      found.push({ worker, position, key, seconds: now - since });
    }
  }
  return found.sort((one, two) => two.seconds - one.seconds).slice(0, SHOWN);
}
