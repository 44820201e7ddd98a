/** What of a transform is due to run, as far as runs tell it: without a plan. Pure functions. */
import { ENDED } from '../tokens';
import type { IRun } from '../tokens';
import type { ILink } from './pipeline';

/** What the words of *Datums* in *Run with* are about. */
export type Part = 'new' | 'failed' | 'stale';

/** Reasons of a plan that each word is about; what is done again for another one is stale. */
const PARTS: Record<string, Part> = {
  new: 'new',
  'failed before': 'failed',
  'recovered before': 'failed'
};
const NOT_RUN = new Set(['unchanged', 'touched, content unchanged', 'renamed', 'output edited by hand', 'restored from kept results']); // prettier-ignore

/** How many datums of a plan each word is about. */
export function byWord(reasons: Record<string, number>): Record<Part, number> {
  const found = { new: 0, failed: 0, stale: 0 };
  for (const [reason, n] of Object.entries(reasons)) {
    if (!NOT_RUN.has(reason)) {
      found[PARTS[reason] ?? 'stale'] += n;
    }
  }
  return found;
}

/** How many datums the run was not about though they were due; but for failed ones. */
export function leftDue(run: Pick<IRun, 'left'>): number {
  // Where all was to run, whether it is due was not looked at.
  const left = byWord({ ...run.left, forced: 0 });
  return left.new + left.stale;
}

/** The transforms that feed a row and made something after its latest run had begun. */
export function newerInputs(row: ILink, rows: readonly ILink[]): string[] {
  const { run, needs } = row;
  const newer = (other: IRun | null) =>
    run !== null &&
    other !== null &&
    ENDED.has(other.status) &&
    other.success > 0 &&
    other.pipeline !== run.pipeline &&
    (other.ended ?? 0) > run.requested;
  return needs.filter(name => newer(rows.find(one => one.name === name)?.run ?? null));
}
