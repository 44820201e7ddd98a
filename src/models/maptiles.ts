/** The tiles of a map: the worst state of each, brought up to date where something has changed. */
import { DurationOrder, InputOrder, StateOrder } from './orders';
import type { IOrder, OrderName } from './orders';
import type { RunModel } from './run';
import { hull } from './tiles';
import type { Range } from './tiles';

/** Above so many datums, an order that has to look all over them is made anew once a second. */
const MANY = 100_000;
const PATIENCE = 1000;

const NONE: Range = [0, 0];

/** Tiles of one run in one order. */
export class MapTiles {
  constructor(private readonly _run: RunModel) {
    this._order = new InputOrder(_run.states, 0);
  }

  get order(): IOrder {
    return this._order;
  }
  /** The worst state of each tile that has been seen. */
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

  /** All tiles, those that nobody has seen too. */
  all(): Uint8Array {
    this._show([0, this._tiles.length]);
    return this._tiles;
  }

  /** Be about `total` datums of `per` a tile. */
  lay(total: number, per: number, order: OrderName, codes: Uint8Array | null): void {
    const sorted =
      total === this._total &&
      order === this._wanted &&
      codes === this._codes &&
      this._states === this._run.states &&
      !this._dirty;
    if (sorted && per === this._per) {
      return; // they are drawn larger or smaller
    }
    const size = Math.ceil(total / per);
    this._tiles = size === this._tiles.length ? this._tiles : new Uint8Array(size);
    this._known = NONE;
    this._total = total;
    this._per = per;
    this._wanted = order;
    this._codes = codes;
    if (!sorted) {
      this._anew();
    }
  }

  /** Make the tiles anew that have been touched, and those that are seen now and were not. */
  renew(seen: Range): void {
    const dirty = this._dirty;
    if (dirty && this._order.name === 'input' && this._states === this._run.states) {
      this._dirty = null;
      const [from, to] = [Math.floor(dirty[0] / this._per), Math.ceil(dirty[1] / this._per)];
      this._fill(Math.max(this._known[0], from), Math.min(this._known[1], to));
    } else if (dirty && (this._order.name !== 'duration' || this._due())) {
      this._anew();
    }
    this._show(seen);
  }

  private _anew(): void {
    this._dirty = null;
    this._known = NONE;
    this._states = this._run.states;
    this._sorted = Date.now();
    this._order = this._sort();
  }

  /** A million tiles, of which one looks at a few thousand: the others are not made. */
  private _show(seen: Range): void {
    const [from, to] = [seen[0], Math.min(seen[1], this._tiles.length)];
    const [start, end] = this._known;
    if (to <= from) {
      return;
    }
    if (start === end || from > end || to < start) {
      this._fill(from, to);
      this._known = [from, to];
    } else {
      this._fill(from, start);
      this._fill(end, to);
      this._known = hull(this._known, [from, to]);
    }
  }

  private _fill(from: number, to: number): void {
    if (from < to) {
      this._order.fill(this._tiles, this._per, from, to);
      this._renewed = this._renewed ? hull(this._renewed, [from, to]) : [from, to];
    }
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
  /** The tiles that are made. */
  private _known: Range = NONE;
  private _order: IOrder;
  private _per = 1;
  private _renewed: Range | null = null;
  private _sorted = 0;
  private _states = new Uint8Array();
  private _tiles = new Uint8Array();
  private _total = 0;
  private _wanted: OrderName = 'input';
}
