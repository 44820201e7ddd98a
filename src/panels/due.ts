/** What of a transform is due to run, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { leftDue, newerInputs } from '../models/due';
import type { ILink } from '../models/pipeline';
import { ENDED } from '../tokens';
import { count, oneLine } from './format';

/** Few words, and what they mean. */
export interface IDue {
  word: string;
  title: string;
}

/** What its runs tell of it; null: nothing, which is not to say that nothing is due. */
export function dueWords(
  trans: TranslationBundle,
  row: ILink,
  rows: readonly ILink[]
): IDue | null {
  const { run } = row;
  if (!run || !ENDED.has(run.status)) {
    return null;
  }
  const left = leftDue(run);
  if (left) {
    const title = trans._n(
      '1 datum was due, and no part of the last run',
      '%2 datums were due, and no part of the last run',
      left,
      count(left)
    );
    return { word: trans.__('%1 to run', count(left)), title };
  }
  const newer = newerInputs(row, rows).map(oneLine).join(', ');
  return newer
    ? {
        word: trans.__('newer input'),
        title: trans.__('%1 made something after the last run of this: a plan says what', newer)
      }
    : null;
}
