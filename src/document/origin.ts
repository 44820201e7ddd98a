/** Who asked for a run, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { oneLine } from '../panels/format';

/** The word for where a run was asked for; one that is not known yet, as it is. */
export function originWord(trans: TranslationBundle, origin: string): string {
  switch (origin) {
    case 'kernel':
      return trans.__('a cell');
    case 'cli':
      return trans.__('the command line');
    case 'server':
      return trans.__('the panel');
    case 'capture':
      return trans.__('the panel, with a kernel of its own');
    case 'watch':
      return trans.__('a watch');
    default:
      return oneLine(origin);
  }
}
