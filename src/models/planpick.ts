/** What is chosen of a plan, to be run alone: whole reasons, and single datums. Pure functions. */
import type { IPlan } from '../tokens';

/** Words of `--only`, by the reason that each is about. */
const WORDS: Record<string, string> = {
  new: 'added',
  renamed: 'added', // to a run, a renamed file is a new one
  'input changed': 'changed',
  'input changed while it was processed': 'changed',
  'output missing': 'missing',
  'code changed': 'stale',
  'environment changed': 'stale',
  'failed before': 'failed',
  'recovered before': 'failed'
};

/** What is chosen: words, and keys of single datums. */
export interface IPicked {
  words: ReadonlySet<string>;
  keys: ReadonlySet<string>;
}

export const NOTHING: IPicked = { words: new Set(), keys: new Set() };

/** The word by which a run is limited to a reason; null: it cannot be. */
export function wordOf(reason: string): string | null {
  return WORDS[reason] ?? null;
}

/** What is chosen when a word is pressed once more; single datums of its reasons are in it. */
export function pressWord(picked: IPicked, word: string): IPicked {
  return { ...picked, words: pressed(picked.words, word) };
}

/** The same for a single datum. */
export function pressKey(picked: IPicked, key: string): IPicked {
  return { ...picked, keys: pressed(picked.keys, key) };
}

/** Single datums that no word covers; what another plan has shown does not count. */
export function singles(plan: IPlan, picked: IPicked): string[] {
  return Object.entries(plan.keys ?? {})
    .filter(([reason]) => !picked.words.has(wordOf(reason) ?? ''))
    .flatMap(([, keys]) => keys.filter(key => picked.keys.has(key)));
}

/** How many datums that is. */
export function countOf(plan: IPlan, picked: IPicked): number {
  const whole = Object.entries(plan.reasons).filter(([reason]) =>
    picked.words.has(wordOf(reason) ?? '')
  );
  return whole.reduce((sum, [, n]) => sum + n, singles(plan, picked).length);
}

/** The command's words for it. */
export function argsOf(plan: IPlan, picked: IPicked): { which?: string; keys?: string[] } {
  const keys = singles(plan, picked);
  const words = [...picked.words].filter(word =>
    Object.keys(plan.reasons).some(reason => wordOf(reason) === word)
  );
  return {
    ...(words.length ? { which: words.sort().join(',') } : {}),
    ...(keys.length ? { keys } : {})
  };
}

function pressed(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  return next.delete(one) ? next : next.add(one);
}
