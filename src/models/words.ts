/** The words of the filter box. What they mean, the server says; here they are only told apart. */

/** Words that are offered, and what they are mostly wanted with. */
export const OFFERED = [
  'state:failed',
  'worker:',
  'dur:>',
  'tries:>1',
  'err:',
  'name:',
  'pos:',
  'out:0'
] as const;

/** The words of a filter; quotes keep spaces together. */
export function words(filter: string): string[] {
  return filter.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
}

/** Whether a word is written to its end, so that it can be asked for. */
export function whole(word: string): boolean {
  const quotes = word.split('"').length - 1;
  return quotes % 2 === 0 && !/^[\w.]+:(?:[<>]=?|=|\.\.)?$/.test(word);
}

/** A filter with one more word; a word with the same beginning gives way, names are added. */
export function withWord(filter: string, word: string): string {
  const start = beginning(word);
  const kept = words(filter).filter(one => !start || beginning(one) !== start);
  return [...kept, word].join(' ');
}

/** A filter without the word at a place. */
export function withoutWord(filter: string, at: number): string {
  return words(filter)
    .filter((_, place) => place !== at)
    .join(' ');
}

/** `state:` of `state:failed`; empty for a part of a name. */
export function beginning(word: string): string {
  const colon = word.indexOf(':');
  return colon > 0 && !word.startsWith('"') ? word.slice(0, colon + 1) : '';
}

/** A value as it stands in a word. */
export function quoted(value: string): string {
  const plain = value.replace(/"/g, '');
  return /\s/.test(plain) ? `"${plain}"` : plain;
}
