/** The words of what goes wrong, for those who have no view around them that could tell. */
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

/** Set once, when the page begins; English until then. */
export const language: { trans: TranslationBundle } = { trans: nullTranslator.load('') };
