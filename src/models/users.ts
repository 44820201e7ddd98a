/** The datums that have read a file: counted by transform, and page by page. */
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { INode, IUse } from '../tokens';

/** Datums a page. */
const PAGE = 50;

/** Only the pages asked for are held. */
export class UsersModel {
  constructor(
    private readonly _requests: Pick<Requests, 'users'>,
    readonly project: string,
    readonly path: string
  ) {
    void this.more();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get uses(): readonly IUse[] {
    return this._uses;
  }
  get datums(): readonly INode[] {
    return this._datums;
  }
  /** The transform whose datums are listed; null: all. */
  get transform(): string | null {
    return this._transform;
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

  /** List the datums of one transform alone, or of all. */
  async only(transform: string | null): Promise<void> {
    this._transform = transform;
    this._datums = [];
    this._next = 0;
    this._loading = false;
    await this.more();
  }

  /** Load the next page. */
  async more(): Promise<void> {
    const { _next: after, _transform: transform } = this;
    if (this._loading || after === null) {
      return;
    }
    this._loading = true;
    this._changed.emit();
    try {
      const query = { path: this.path, transform, after, limit: PAGE };
      const page = await this._requests.users(this.project, query);
      if (transform !== this._transform) {
        return; // somebody has chosen another one meanwhile
      }
      this._datums = [...this._datums, ...page.datums];
      this._next = page.next;
      this._uses = after === 0 ? page.transforms : this._uses;
      this._error = null;
    } catch (reason) {
      this._error = String((reason as Error).message ?? reason);
    }
    this._loading = false;
    this._changed.emit();
  }

  private _datums: INode[] = [];
  private _error: string | null = null;
  private _loading = false;
  private _next: number | null = 0;
  private _transform: string | null = null;
  private _uses: readonly IUse[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
