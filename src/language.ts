/** The words of what goes wrong, for those who have no view around them, and how figures are written. */
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Set once, when the page begins; English until then. */
export const language: { trans: TranslationBundle; locale: string } = {
  trans: nullTranslator.load(''),
  locale: 'en-US'
};

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
