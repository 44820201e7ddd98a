/** The runs of a transform, newest first: a page at a time, until all are here. */
import { Signal } from '@lumino/signaling';

import { RefusedError } from '../requests';
import type { Requests } from '../requests';
import type { IRun } from '../tokens';

/** Runs of a page. */
const PAGE = 200;

/** Asks for nothing before `more`. */
export class RunPages {
  constructor(
    private readonly _requests: Pick<Requests, 'runs' | 'run'>,
    private readonly _project: string,
    private readonly _transform: string
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get runs(): readonly IRun[] {
    const apart = this._apart;
    const listed = !apart || this._runs.some(one => one.uuid === apart.uuid);
    return listed ? this._runs : [...this._runs, apart];
  }
  /** Whether the last is here. */
  get whole(): boolean {
    return this._next === null;
  }

  /**
   * See that one run is among them, on whichever page it stands: a restored view may name it.
   *
   * @returns false if there is no such run any more.
   */
  async find(uuid: string): Promise<boolean> {
    if (!uuid || this.runs.some(one => one.uuid === uuid)) {
      return true;
    }
    try {
      this._apart = await this._requests.run(this._project, uuid);
      this._changed.emit();
      return true;
    } catch (reason) {
      return !(reason instanceof RefusedError && reason.status === 404);
    }
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

  /** Of a page that is not here. */
  private _apart: IRun | null = null;
  /** Before which run the next page begins; 0: the newest, null: there is none. */
  private _next: number | null = 0;
  private _reading = false;
  private _runs: readonly IRun[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

/** Runs of a transform with what the page has heard since they were read: newer ones, other states. */
export function withNews(runs: readonly IRun[], heard: readonly IRun[], name: string): IRun[] {
  const own = heard.filter(one => one.name === name);
  const known = new Map(own.map(one => [one.uuid, one]));
  const newest = runs[0]?.id ?? 0;
  return [...own.filter(({ id }) => id > newest), ...runs.map(one => known.get(one.uuid) ?? one)];
}
