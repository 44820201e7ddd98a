/** What the server is asked for, when something is to run. */
import { UUID } from '@lumino/coreutils';

import type { IStart } from '../requests';
import { onlyOf, workersText } from './cells';
import type { IOnce } from './cells';

/** A run that differs from its cell in this; the transform is still to be said. */
export function wanted(once: IOnce): Omit<IStart, 'transform'> {
  const { which, engine, gpus, batch, onError, tries, timeout, sample } = once;
  const only = onlyOf(which);
  const datums = only === 'all' ? { force: true } : only ? { only } : {};
  const workers = workersText(once);
  const more = { engine, workers, gpus, batch, on_error: onError, tries, timeout, sample };
  const said = Object.entries(more).filter(([, value]) => value !== undefined && value !== '');
  return { ...datums, ...Object.fromEntries(said), key: key() };
}

/** 32 hex digits: asking twice with one is asking once. */
export function key(): string {
  return UUID.uuid4().replace(/-/g, '');
}
