/** How many datums written inputs have: asked of the server, each once for a while. */
import type { JSONObject } from '@lumino/coreutils';

import type { Requests } from '../requests';
import type { ICount } from '../tokens';

/** What is counted: the input of a cell that is marked by metadata, or begins with the magic. */
export interface ICountable {
  /** Contents path of the notebook. */
  notebook: string;
  mark?: unknown;
  source?: string;
}

/** Milliseconds for which an answer holds: files come and go. */
const FRESH = 60_000;
/** Answers that are kept. */
const KEPT = 50;

/** Answers, by what was asked. */
export class Counts {
  constructor(private readonly _requests: Pick<Requests, 'count'>) {}

  /** What is known of it; undefined: nothing. */
  known(what: ICountable): ICount | undefined {
    const found = this._known.get(keyOf(what));
    return found && Date.now() - found.at < FRESH ? found.count : undefined;
  }

  /**
   * Ask the server, unless it is known; null if it does not answer. The server ends its counting
   * with `signal`.
   */
  async ask(what: ICountable, signal: AbortSignal): Promise<ICount | null> {
    const known = this.known(what);
    if (known) {
      return known;
    }
    const count = await this._requests.count(what, signal).catch(() => null);
    if (count && !signal.aborted) {
      const key = keyOf(what);
      this._known.delete(key);
      this._known.set(key, { count, at: Date.now() });
      if (this._known.size > KEPT) {
        this._known.delete(this._known.keys().next().value!);
      }
    }
    return count;
  }

  private readonly _known = new Map<string, { count: ICount; at: number }>();
}

/** What stands before a cell's body: its line, and the options under it. */
export function headOf(source: string): string {
  const [line, ...rest] = source.trimStart().split('\n');
  const end = rest.findIndex(one => !one.startsWith('#|'));
  return [line, ...(end < 0 ? rest : rest.slice(0, end))].join('\n');
}

/** Only name, input and output say what is counted: another option does not count anew. */
function keyOf({ notebook, mark, source }: ICountable): string {
  const { name, input, output } = (mark ?? {}) as JSONObject;
  return JSON.stringify([notebook, source ?? null, name, input, output]);
}
