/** Datums of a run, page by page. */
import { Signal } from '@lumino/signaling';

import type { IFilter, Requests } from '../requests';
import type { IDatum } from '../tokens';

/** Datums a page. */
const PAGE = 100;

/** The datums that a filter lets through, page by page; only the pages asked for are held. */
export class DatumsModel {
  constructor(
    private readonly _requests: Pick<Requests, 'datums'>,
    readonly project: string,
    readonly run: string,
    readonly filter: IFilter
  ) {
    void this.more();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get datums(): readonly IDatum[] {
    return this._datums;
  }
  get loading(): boolean {
    return this._loading;
  }
  get hasMore(): boolean {
    return this._next !== null;
  }
  get error(): string | null {
    return this._error;
  }
  /** Whether all of them are here. */
  get whole(): boolean {
    return this._next === null && this._error === null;
  }

  /** Load the next page. */
  async more(): Promise<void> {
    if (this._loading || this._next === null) {
      return;
    }
    this._loading = true;
    try {
      const filter = { ...this.filter, after: this._next, limit: PAGE };
      const page = await this._requests.datums(this.project, this.run, filter);
      this._datums = [...this._datums, ...page.datums];
      this._next = page.next;
      this._error = null;
    } catch (reason) {
      this._error = String((reason as Error).message ?? reason);
    }
    this._loading = false;
    this._changed.emit();
  }

  private _datums: IDatum[] = [];
  private _error: string | null = null;
  private _loading = false;
  // undefined: from the beginning; null: there are no more.
  private _next: string | null | undefined = undefined;
  private readonly _changed = new Signal<this, void>(this);
}
