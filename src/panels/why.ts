/** Why something cannot be done to a run now. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunModel } from '../models/run';
import type { Status } from '../tokens';

/** While a run is at it, its failed datums may still be tried again by itself. */
const BUSY: ReadonlySet<Status> = new Set<Status>(['queued', 'running', 'held', 'cancelling']);

/** Why no retry of a run can begin while it goes on. */
export function stillBusy(trans: TranslationBundle, run: RunModel): string | null {
  return BUSY.has(run.counts?.status ?? 'running')
    ? trans.__('The run has not ended yet: wait for it, or stop it first')
    : null;
}

/** Why nothing of a run can be tried again with its recorded code. */
export function whyNot(trans: TranslationBundle, run: RunModel): string | null {
  return stillBusy(trans, run) ?? run.info?.retryable ?? null;
}

/** Why nothing of a project can be run. */
export function foreignWords(trans: TranslationBundle): string {
  return trans.__(
    'The ledger of this project is that of another user: its runs are shown, and nothing is run.'
  );
}
