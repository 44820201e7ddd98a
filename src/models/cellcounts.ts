/** How many datums the cells have that have not run: one after another, each asked for once. */
import { Signal } from '@lumino/signaling';

import type { ICount } from '../tokens';
import type { Counts, ICountable } from './counts';

/** Milliseconds for which a cell has to stay as it is. */
const REST = 1000;

/** The counts of cells, by their ids. */
export class CellCounts {
  constructor(
    private readonly _counts: Counts,
    private readonly _rest = REST
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }

  /** What is told of a cell; null: nothing yet. */
  of(cell: string): ICount | null {
    const told = this._told.get(cell);
    // A copy of a notebook has cells of the same ids: what is told of one is not of the other.
    return told && told.notebook === this._cells.get(cell)?.notebook ? told.count : null;
  }

  /** These cells are in sight and have not run; the others are of no interest. */
  want(cells: ReadonlyMap<string, ICountable>): void {
    const key = JSON.stringify([...cells]);
    if (key === this._key) {
      return;
    }
    this._key = key;
    this._cells = cells;
    window.clearTimeout(this._timer);
    this._asking?.abort();
    this._asking = null;
    this._timer = window.setTimeout(() => void this._askAll(), this._rest);
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._asking?.abort();
    Signal.clearData(this);
  }

  private async _askAll(): Promise<void> {
    const asking = (this._asking = new AbortController());
    for (const [cell, what] of this._cells) {
      const told = await this._counts.ask(what, asking.signal);
      if (asking.signal.aborted) {
        return;
      }
      const { notebook } = what;
      if (told && (told !== this._told.get(cell)?.count || !this.of(cell))) {
        this._told.set(cell, { count: told, notebook });
        this._changed.emit();
      }
    }
  }

  private _asking: AbortController | null = null;
  private _cells: ReadonlyMap<string, ICountable> = new Map();
  private _key = '[]';
  private _timer = 0;
  private readonly _told = new Map<string, { count: ICount; notebook: string }>();
  private readonly _changed = new Signal<this, void>(this);
}
