/** The rows of a run's table: pages of what is looked at, and what is selected. */
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IRows, ITableRow, State } from '../tokens';
import { STATES } from '../tokens';
import { Ranges } from './ranges';
import type { Stretch } from './ranges';
import type { RunModel } from './run';
import { beginning, words } from './words';

/** Rows that are asked for at once, and pages that are kept. */
export const PAGE = 100;
const PAGES = 40;
/** Milliseconds between two looks at a run that goes on. */
const PACE = 1000;
/** Rows that can be selected without being all or following one another in the input. */
export const MOST = 10_000;

/** What a table shows. */
export interface ITableView {
  filter: string;
  /** A column, with a minus before it from its end. */
  sort: string;
  /** uuid of the run to compare with; empty: none. */
  other: string;
}

/** What is run again of a table. */
export type Selected = { filter: string } | { positions: Stretch[] };

/** One table. */
export class TableModel {
  constructor(
    private readonly _requests: Pick<Requests, 'rows'>,
    readonly run: RunModel
  ) {
    run.changed.connect(this._onRun, this);
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get view(): ITableView {
    return this._view;
  }
  /** Whether its rows are the run's datums in input order: then bytes tell what is not here. */
  get plain(): boolean {
    const { filter, sort } = this._view;
    return filter === '' && sort === 'pos';
  }
  /** How many rows there are; null: not known yet. */
  get matches(): number | null {
    return this.plain ? this.run.total : this._matches;
  }
  get metrics(): readonly string[] {
    return this._metrics;
  }
  get error(): string | null {
    return this._error;
  }
  get loading(): boolean {
    return this._loading;
  }
  /** What is selected, unless all is. */
  get selected(): Ranges {
    return this._selected;
  }
  get all(): boolean {
    return this._all;
  }
  get selectedCount(): number {
    return this._all ? (this.matches ?? 0) : this._selected.size;
  }

  /** Show other rows; nothing is selected then. */
  show(view: ITableView): void {
    const { filter, sort, other } = this._view;
    if (filter === view.filter && sort === view.sort && other === view.other && this._round) {
      return;
    }
    this._round++;
    if (filter !== view.filter) {
      this._clear();
    }
    this._view = view;
    this._gone.abort(); // the server stops looking for what nobody waits for
    this._gone = new AbortController();
    this._pages.clear();
    this._matches = null;
    this._error = null;
    void this._load();
    this._changed.emit();
  }

  /** These rows are in view: `end` is the one behind the last. */
  need(first: number, end: number): void {
    if (first !== this._window[0] || end !== this._window[1]) {
      this._window = [first, end];
      if (this._round) {
        void this._load();
      }
    }
  }

  /** A row, if it is here. */
  row(n: number): ITableRow | null {
    const page = Math.floor(n / PAGE);
    return this._pages.get(page)?.[n - page * PAGE] ?? null;
  }

  /** The place in the input of a row, if it is known. */
  place(n: number): number | null {
    return this.plain ? n : (this.row(n)?.position ?? null);
  }

  /** The state of a row as it is now; null while it is not known. */
  state(n: number): State | null {
    const place = this.place(n);
    const live = place === null ? undefined : this.run.states[place];
    return place !== null && live !== undefined && place < this.run.total
      ? STATES[live & 15]
      : (this.row(n)?.state ?? null);
  }

  isSelected(n: number): boolean {
    const place = this.place(n);
    return this._all || (place !== null && this._selected.has(place));
  }

  // -- selecting -------------------------------------------------------------------------

  /** Select one row, or let it go. */
  toggle(n: number): void {
    const place = this.place(n);
    if (place === null || this._all) {
      this._clear();
    } else if (this._selected.has(place)) {
      this._selected.remove(place);
    } else {
      this._selected.add(place);
    }
    this._changed.emit();
  }

  /**
   * Select all rows between two, and nothing else.
   *
   * @returns false if they are too many to be told one by one.
   */
  async selectRange(one: number, other: number): Promise<boolean> {
    const [first, last] = [Math.min(one, other), Math.max(one, other)];
    if (!this.plain && last - first >= MOST) {
      return false;
    }
    const round = ++this._selecting;
    const chosen = new Ranges();
    if (this.plain) {
      chosen.add(first, last);
    } else {
      for (const place of await this._places(first, last)) {
        chosen.add(place);
      }
    }
    if (round === this._selecting) {
      this._selected = chosen;
      this._all = false;
      this._changed.emit();
    }
    return true;
  }

  selectAll(): void {
    this._clear();
    this._all = true;
    this._changed.emit();
  }

  selectNone(): void {
    this._clear();
    this._changed.emit();
  }

  /** What is selected, as a request says it; null if nothing is. */
  get chosen(): Selected | null {
    if (this._all) {
      return { filter: this._view.filter };
    }
    const { stretches } = this._selected;
    return stretches.length ? { positions: [...stretches] } : null;
  }

  /**
   * How many of the selected datums could be run again, being no success; null where only the
   * server knows.
   */
  get again(): number | null {
    if (this._all && !this.plain) {
      return failingOnly(this._view.filter) ? (this.matches ?? 0) : null;
    }
    const { states, total } = this.run;
    const stretches = this._all ? [[0, total - 1] as const] : this._selected.stretches;
    let n = 0;
    for (const [first, last] of stretches) {
      for (let place = first; place <= last; place++) {
        n += AGAIN[states[place] & 15] ?? 0;
      }
    }
    return n;
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this.run.changed.disconnect(this._onRun, this);
    this._round++;
    this._gone.abort();
    Signal.clearData(this);
  }

  // -- ground ----------------------------------------------------------------------------

  private _clear(): void {
    this._selecting++;
    this._selected = new Ranges();
    this._all = false;
  }

  /** The places of some rows that may not be here. */
  private async _places(first: number, last: number): Promise<number[]> {
    const found: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      const rows = this._pages.get(page) ?? (await this._ask(page)).rows;
      found.push(
        ...rows
          .filter((_, at) => page * PAGE + at >= first && page * PAGE + at <= last)
          .map(row => row.position)
      );
    }
    return found;
  }

  /** Load the pages in view that are not here, one after the other; the latest view wins. */
  private async _load(): Promise<void> {
    if (this._loading) {
      return;
    }
    this._loading = true;
    for (let page = this._missing(); page !== null; page = this._missing()) {
      const round = this._round;
      try {
        const found = await this._ask(page);
        if (round === this._round) {
          this._take(page, found);
        }
      } catch (reason) {
        if (round === this._round) {
          this._error = String((reason as Error).message ?? reason);
          break;
        }
      }
      this._changed.emit();
    }
    this._loading = false;
    this._changed.emit();
  }

  private _missing(): number | null {
    const [first, end] = this._window;
    // While it is not known how many there are nothing is in view, and the first tell it.
    const last = this.matches === null ? Math.max(end, first + 1) : Math.min(end, this.matches);
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) {
      if (!this._pages.has(page)) {
        return page;
      }
    }
    return null;
  }

  private _ask(page: number): Promise<IRows> {
    const { filter, sort, other } = this._view;
    const query = {
      ...(filter ? { filter } : {}),
      ...(other ? { other } : {}),
      ...{ sort, first: page * PAGE, limit: PAGE }
    };
    return this._requests.rows(this.run.project, this.run.uuid, query, this._gone.signal);
  }

  private _take(page: number, found: IRows): void {
    this._pages.delete(page);
    this._pages.set(page, found.rows);
    if (this._pages.size > PAGES) {
      this._pages.delete(this._pages.keys().next().value!);
    }
    this._matches = found.matches;
    this._metrics = [...new Set([...this._metrics, ...found.metrics])].sort();
    this._error = null;
  }

  /** Whether somebody looks; else nothing is asked again. */
  set shown(shown: boolean) {
    this._shown = shown;
    if (this._late) {
      this._soon();
    }
  }

  /** What has gone on: the pages in view are asked for again, once a second at most. */
  private _onRun(): void {
    if (this._ended && this.run.ended) {
      return;
    }
    this._ended = this.run.ended;
    this._late = true;
    this._soon();
  }

  private _soon(): void {
    if (!this._timer && this._round && this._shown) {
      this._timer = window.setTimeout(() => void this._again(), PACE);
    }
  }

  private async _again(): Promise<void> {
    const round = this._round;
    this._late = false;
    const [first, end] = this._window;
    const pages = [...this._pages.keys()];
    for (const page of pages) {
      if (page * PAGE >= end || (page + 1) * PAGE <= first) {
        this._pages.delete(page); // out of view: asked for when it is looked at
      } else {
        const found = await this._ask(page).catch(() => null);
        if (found && round === this._round) {
          this._take(page, found);
        }
      }
    }
    this._timer = 0;
    if (this._late) {
      this._soon(); // the run has gone on while the answer was waited for
    }
    this._changed.emit();
  }

  private _gone = new AbortController();
  private _late = false;
  private _shown = true;
  private _all = false;
  private _ended = false;
  private _error: string | null = null;
  private _loading = false;
  private _matches: number | null = null;
  private _metrics: string[] = [];
  private readonly _pages = new Map<number, ITableRow[]>();
  private _round = 0;
  private _selected = new Ranges();
  private _selecting = 0;
  private _timer = 0;
  private _view: ITableView = { filter: '', sort: 'pos', other: '' };
  private _window: [number, number] = [0, 0];
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether a filter lets only datums through that have gone wrong. */
function failingOnly(filter: string): boolean {
  return words(filter).some(word => {
    const [start, value] = [beginning(word), word.slice(beginning(word).length)];
    const states = value.toLowerCase().split(',');
    const failing = states.every(one => AGAIN[(STATES as readonly string[]).indexOf(one)] === 1);
    return start === 'err:' || start === 'group:' || (start === 'state:' && failing);
  });
}

/** By the byte of a state: is there something to be done again? */
const AGAIN: readonly number[] = STATES.map(state =>
  Number(state === 'failed' || state === 'recovered' || state === 'cancelled')
);
