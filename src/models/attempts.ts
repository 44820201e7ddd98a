/** Attempts at a datum, in the order in which they were made. */
import type { IAttempt } from '../tokens';

/** Oldest first, whatever order they come in: each run counts its own from 1. */
export function oldestFirst<T extends Pick<IAttempt, 'began' | 'attempt'>>(
  attempts: readonly T[]
): T[] {
  return [...attempts].sort(
    (one, two) => (one.began ?? 0) - (two.began ?? 0) || one.attempt - two.attempt
  );
}
