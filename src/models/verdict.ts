/** What the attempts at a datum let one suppose: a careful sentence, never more than they tell. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IAttempt, IGroup } from '../tokens';

/** What one attempt failed with, without what differs from one time to the next. */
function alike(attempt: IAttempt): string {
  const message = (attempt.message ?? '').split('\n')[0].replace(/0x[0-9a-f]+|\d+(\.\d+)?/gi, 'N');
  return `${attempt.phase} ${attempt.place} ${message}`;
}

/**
 * A sentence about the attempts at a datum, oldest first; null: there is nothing to say. Where the
 * run had no second worker, or that is not known, nothing speaks for or against a machine.
 */
export function verdict(
  trans: TranslationBundle,
  attempts: readonly IAttempt[],
  group: IGroup | null,
  workers: number | null
): string | null {
  const last = attempts[attempts.length - 1];
  if (!last) {
    return null;
  }
  const tries = attempts.filter(one => one.run === last.run);
  const failed = tries.filter(one => one.state === 'failed');
  if (last.state === 'success' || last.state === 'recovered') {
    return mended(trans, attempts, failed.length);
  }
  if (last.state !== 'failed') {
    return null;
  }
  if (failed.length < 2) {
    return lonely(trans, last, isAlone(group, workers) ? group : null);
  }
  if (new Set(failed.map(alike)).size > 1) {
    return trans.__('Not the same error each time: look at each attempt before you trust one.');
  }
  const on = new Set(failed.map(one => one.worker)).size;
  if (on > 1) {
    return trans._n(
      'Same error once: final.',
      'Same error %1 times, on %2 workers: final, and more likely the file or the code than the machine.',
      failed.length,
      on
    );
  }
  return several(workers)
    ? trans.__(
        'Same error %1 times, on the same worker: final, and its machine is not ruled out.',
        failed.length
      )
    : trans.__('Same error %1 times: final.', failed.length);
}

/** Whether many failed on one worker of several: that worker is worth a look. */
export function isAlone(group: IGroup | null, workers: number | null): boolean {
  return several(workers) && group !== null && group.datums > 2 && group.workers.length === 1;
}

function several(workers: number | null): boolean {
  return workers !== null && workers > 1;
}

function mended(
  trans: TranslationBundle,
  attempts: readonly IAttempt[],
  failed: number
): string | null {
  if (failed) {
    return trans.__(
      'It failed before in the same run, with the same code: more likely the moment than the file.'
    );
  }
  return attempts.some(one => one.state === 'failed')
    ? trans.__('It failed in an earlier run, and does not any more.')
    : null;
}

function lonely(trans: TranslationBundle, attempt: IAttempt, group: IGroup | null): string | null {
  if (attempt.phase === 'worker') {
    return trans.__('Its worker ended while it was at this datum. What is near it ran again.');
  }
  if (group) {
    return trans.__(
      'All that were looked at of the %1 like it failed on one worker: perhaps its machine.',
      group.datums
    );
  }
  return null;
}
