/** The words of what goes wrong, for those who have no view around them, and how figures are written. */
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Set once, when the page begins; English until then. */
export const language: { trans: TranslationBundle; locale: string } = {
  trans: nullTranslator.load(''),
  locale: 'en-US'
};

/** Sentences that are kept; figures go into many of them, so that each is new. */
const KEPT = 1000;

/** The same words, looked up and put together once: views draw most of theirs again and again. */
export function remembered(trans: TranslationBundle): TranslationBundle {
  const keep = <T extends unknown[]>(say: (...words: T) => string) => {
    const known = new Map<string, string>();
    return (...words: T): string => {
      const key = words.join('\0');
      let said = known.get(key);
      if (said === undefined) {
        if (known.size === KEPT) {
          known.clear();
        }
        said = say.apply(trans, words);
        known.set(key, said);
      }
      return said;
    };
  };
  const kept = { __: keep(trans.__), _n: keep(trans._n) };
  return Object.assign(Object.create(trans) as TranslationBundle, kept);
}

/**
 * How JupyterLab's language writes figures and dates: as the browser would where it speaks that
 * language too (de-CH, en-GB), else as the language itself does.
 */
export function localeOf(code: string, spoken: readonly string[] = navigator.languages): string {
  const [wanted] = known(code.replace(/_/g, '-'));
  const base = (tag: string) => tag.split('-', 1)[0];
  return spoken.flatMap(known).find(tag => base(tag) === base(wanted ?? 'en')) ?? wanted ?? 'en-US';
}

function known(tag: string): string[] {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag);
  } catch {
    return []; // not the name of a language
  }
}
