/** A unified difference as two columns of lines that stand beside each other. A pure function. */

import type { IHistory } from '../tokens';

/** How two codes differ as one text: the cell, and below it what else changed. */
export function wholeDiff(history: IHistory): string {
  return [history.diff, ...(history.helpers ?? []).map(one => one.diff)].filter(Boolean).join('\n');
}

/** A line of one side. */
export interface ISideLine {
  number: number;
  text: string;
  /** Whether the other side has it not. */
  differs: boolean;
}

/** One row: what is missing on a side is null. `gap`: lines are left out before it. */
export interface ISideRow {
  old: ISideLine | null;
  last: ISideLine | null;
  gap: boolean;
}

/** The rows of a unified difference, and what it says that is no line of either side. */
export function sidesOf(diff: string): { rows: ISideRow[]; rest: string } {
  const rows: ISideRow[] = [];
  let [old, last] = [0, 0];
  let [removed, added]: [ISideLine[], ISideLine[]] = [[], []];
  let gap = false;
  let rest = '';
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      rows.push({ old: removed[at] ?? null, last: added[at] ?? null, gap: gap && at === 0 });
    }
    gap = gap && !removed.length && !added.length;
    [removed, added] = [[], []];
  };
  for (const line of diff.split('\n').slice(2)) {
    const head = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    const text = line.slice(1);
    if (head) {
      flush();
      [old, last] = [Number(head[1]), Number(head[2])];
      gap = rows.length > 0 || old > 1;
    } else if (line[0] === '-') {
      removed.push({ number: old++, text, differs: true });
    } else if (line[0] === '+') {
      added.push({ number: last++, text, differs: true });
    } else if (line[0] === ' ') {
      flush();
      const same = (number: number) => ({ number, text, differs: false });
      rows.push({ old: same(old++), last: same(last++), gap });
      gap = false;
    } else if (line) {
      rest = line;
    }
  }
  flush();
  return { rows, rest };
}
