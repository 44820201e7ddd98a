/** How many datums those transforms have that have never run: counted while the panel is seen. */
import type { Signal } from '@lumino/signaling';

import type { ICount } from '../tokens';
import { CellCounts } from './cellcounts';
import type { Counts, ICountable } from './counts';
import type { PanelModel } from './panel';
import type { IRow } from './rows';

/** The counts of the panel's rows. */
export class FreshCounts {
  constructor(
    private readonly _panel: Pick<PanelModel, 'changed' | 'notebook' | 'rows' | 'unreadable'>,
    counts: Counts,
    rest?: number
  ) {
    this._counts = new CellCounts(counts, rest);
    _panel.changed.connect(this._look, this);
  }

  get changed(): Signal<CellCounts, void> {
    return this._counts.changed;
  }

  /** What is told of a row; null: nothing yet, or it has a run that tells more. */
  of(row: IRow): ICount | null {
    return row.cell !== null && !row.run ? this._counts.of(row.cell) : null;
  }

  /** The panel has come into view, or has gone: what nobody sees reads no folder. */
  see(seen: boolean): void {
    this._seen = seen;
    this._look();
  }

  dispose(): void {
    this._panel.changed.disconnect(this._look, this);
    this._counts.dispose();
  }

  private _look(): void {
    const { notebook, rows, unreadable } = this._panel;
    const fresh = new Map<string, ICountable>();
    for (const { cell, run } of this._seen && !unreadable ? rows : []) {
      const what = cell !== null && !run ? notebook?.countable(cell) : null;
      if (what) {
        fresh.set(cell!, what);
      }
    }
    this._counts.want(fresh);
  }

  private readonly _counts: CellCounts;
  private _seen = false;
}
