/** The runs of a transform, newest first: a page at a time, until all are here. */
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IRun } from '../tokens';

/** Runs of a page. */
const PAGE = 200;

/** Asks for nothing before `more`. */
export class RunPages {
  constructor(
    private readonly _requests: Pick<Requests, 'runs'>,
    private readonly _project: string,
    private readonly _transform: string
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get runs(): readonly IRun[] {
    return this._runs;
  }
  /** Whether the last is here. */
  get whole(): boolean {
    return this._next === null;
  }

  /** Read the next page; without an answer it can be asked for again. */
  async more(): Promise<void> {
    const next = this._next;
    if (next === null || this._reading) {
      return;
    }
    this._reading = true;
    const query = { transform: this._transform, limit: PAGE, ...(next ? { before: next } : {}) };
    const page = await this._requests.runs(this._project, query).catch(() => null);
    this._reading = false;
    if (page) {
      this._runs = [...this._runs, ...page.runs];
      this._next = page.next;
      this._changed.emit();
    }
  }

  dispose(): void {
    Signal.clearData(this);
  }

  /** Before which run the next page begins; 0: the newest, null: there is none. */
  private _next: number | null = 0;
  private _reading = false;
  private _runs: readonly IRun[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
