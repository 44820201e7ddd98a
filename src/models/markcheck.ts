/** What the server says of the metadata that mark the active cell: a line, or a mistake. */
import type { JSONObject, JSONValue } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IMarkAnswer } from '../tokens';

/** Milliseconds of rest before the server is asked. */
const REST = 250;

/** Asks once for each state of the metadata, and only while somebody sees the form. */
export class MarkCheck {
  constructor(private readonly _requests: Pick<Requests, 'mark'>) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The answer for what is looked at now; null until it has come. */
  get answer(): IMarkAnswer | null {
    return this._answer;
  }

  /** Look at a cell's metadata; the same as before are not asked for again. */
  look(mark: unknown): void {
    const value = (mark ?? null) as JSONValue;
    if (JSONExt.deepEqual(value, this._mark)) {
      return;
    }
    this._mark = JSONExt.deepCopy(value);
    this._answer = null;
    this._askSoon();
    this._changed.emit();
  }

  /** The form has come into sight, or has gone out of it. */
  see(seen: boolean): void {
    this._seen = seen;
    if (seen && !this._answer) {
      this._askSoon();
    }
  }

  /** The mistake at one option that the form has as a field: it is told there, and once. */
  mistakeAt(field: string): string | null {
    this._fields.add(field);
    return this._answer?.mistakes[field] ?? null;
  }

  /** The mistake that no field of the form tells. */
  get mistake(): string | null {
    const { mistake = null, mistakes = {} } = this._answer ?? {};
    const elsewhere = Object.keys(mistakes).find(field => !this._fields.has(field));
    return elsewhere ? mistakes[elsewhere] : Object.keys(mistakes).length ? null : mistake;
  }

  private _askSoon(): void {
    window.clearTimeout(this._timer);
    if (this._seen) {
      this._timer = window.setTimeout(() => void this._ask(), REST);
    }
  }

  private async _ask(): Promise<void> {
    const mark = this._mark;
    const name = (mark as JSONObject | null)?.name;
    if (typeof name !== 'string' || !name) {
      return; // no transform: there is nothing to be wrong
    }
    const answer = await this._requests.mark(mark).catch(() => null);
    if (mark === this._mark) {
      this._answer = answer;
      this._changed.emit();
    }
  }

  private readonly _fields = new Set<string>();
  private _answer: IMarkAnswer | null = null;
  private _mark: JSONValue = null;
  private _seen = false;
  private _timer = 0;
  private readonly _changed = new Signal<this, void>(this);
}
