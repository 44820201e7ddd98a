/** The tiles of a map: the worst state of each, brought up to date where something has changed. */
import { DurationOrder, InputOrder, StateOrder } from './orders';
import type { IOrder, OrderName } from './orders';
import type { RunModel } from './run';
import { hull } from './tiles';
import type { Range } from './tiles';

/** Above so many datums, an order that has to look all over them is made anew once a second. */
const MANY = 100_000;
const PATIENCE = 1000;

/** Tiles of one run in one order. */
export class MapTiles {
  constructor(private readonly _run: RunModel) {
    this._order = new InputOrder(_run.states, 0);
  }

  get order(): IOrder {
    return this._order;
  }
  /** The worst state of each tile. */
  get tiles(): Uint8Array {
    return this._tiles;
  }
  /** The times that the order was made with. */
  get codes(): Uint8Array | null {
    return this._codes;
  }
  /** Whether some states have changed since the last call of {@link renew}. */
  get stale(): boolean {
    return this._dirty !== null;
  }

  /** The tiles that are others than at the last call; null: none. */
  taken(): Range | null {
    const renewed = this._renewed;
    this._renewed = null;
    return renewed;
  }

  /** The states of these positions are others. */
  touch(range: Range): void {
    this._dirty = this._dirty ? hull(this._dirty, range) : range;
  }

  /** Make all tiles anew, for `total` datums of `per` a tile. */
  lay(total: number, per: number, order: OrderName, codes: Uint8Array | null): void {
    const size = Math.ceil(total / per);
    this._tiles = size === this._tiles.length ? this._tiles : new Uint8Array(size);
    this._total = total;
    this._per = per;
    this._wanted = order;
    this._codes = codes;
    this._all();
  }

  /** Make the tiles anew that have been touched. */
  renew(): void {
    const dirty = this._dirty;
    if (!dirty) {
      return;
    }
    if (this._order.name === 'input' && this._states === this._run.states) {
      this._dirty = null;
      const [from, to] = [Math.floor(dirty[0] / this._per), Math.ceil(dirty[1] / this._per)];
      const size = this._tiles.length;
      this._fill(Math.min(size, from), Math.min(size, to));
    } else if (this._order.name !== 'duration' || this._due()) {
      this._all();
    }
  }

  private _all(): void {
    this._dirty = null;
    this._states = this._run.states;
    this._sorted = Date.now();
    this._order = this._sort();
    this._fill(0, this._tiles.length);
  }

  private _fill(from: number, to: number): void {
    this._order.fill(this._tiles, this._per, from, to);
    this._renewed = this._renewed ? hull(this._renewed, [from, to]) : [from, to];
  }

  private _due(): boolean {
    const few = this._total <= MANY || this._run.ended;
    return few || Date.now() - this._sorted >= PATIENCE;
  }

  private _sort(): IOrder {
    const { _states: states, _total: total, _codes: codes, _wanted: wanted } = this;
    if (wanted === 'duration' && codes) {
      return new DurationOrder(states, total, codes);
    }
    return new (wanted === 'state' ? StateOrder : InputOrder)(states, total);
  }

  private _codes: Uint8Array | null = null;
  private _dirty: Range | null = null;
  private _order: IOrder;
  private _per = 1;
  private _renewed: Range | null = null;
  private _sorted = 0;
  private _states = new Uint8Array();
  private _tiles = new Uint8Array();
  private _total = 0;
  private _wanted: OrderName = 'input';
}
