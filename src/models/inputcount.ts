/** The count of the one input that is being typed: the last one, once the keys rest. */
import { Signal } from '@lumino/signaling';

import type { ICount } from '../tokens';
import type { Counts, ICountable } from './counts';

/** Milliseconds of rest before the server is asked. */
const REST = 350;

/** Asks for one thing at a time; what was asked before is given up. */
export class InputCount {
  constructor(
    private readonly _counts: Counts,
    private readonly _rest = REST
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The answer for what is looked at now; null until it has come. */
  get told(): ICount | null {
    return this._told;
  }
  /** Whether it is being counted. */
  get busy(): boolean {
    return this._busy;
  }

  /** Look at an input; null: there is none. */
  look(what: ICountable | null): void {
    const key = JSON.stringify(what);
    if (key === this._key) {
      return;
    }
    this._key = key;
    this._what = what;
    this._begin();
  }

  /** The form has come into sight, or has gone out of it: then nothing is counted. */
  see(seen: boolean): void {
    if (seen !== this._seen) {
      this._seen = seen;
      this._begin();
    }
  }

  private _begin(): void {
    window.clearTimeout(this._timer);
    this._asking?.abort();
    this._asking = null;
    const what = this._seen ? this._what : null;
    this._told = (what && this._counts.known(what)) ?? null;
    this._busy = what !== null && this._told === null;
    if (this._busy) {
      this._timer = window.setTimeout(() => void this._ask(what!), this._rest);
    }
    this._changed.emit();
  }

  private async _ask(what: ICountable): Promise<void> {
    const asking = (this._asking = new AbortController());
    const told = await this._counts.ask(what, asking.signal);
    if (asking === this._asking) {
      this._asking = null;
      this._told = told;
      this._busy = false;
      this._changed.emit();
    }
  }

  private _asking: AbortController | null = null;
  private _busy = false;
  private _key = 'null';
  private _seen = false;
  private _timer = 0;
  private _told: ICount | null = null;
  private _what: ICountable | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
