/** The tiles of a map: the worst state of each, brought up to date where something has changed. */
import { DurationOrder, InputOrder, StateOrder } from './orders';
import type { IOrder, OrderName } from './orders';
import type { RunModel } from './run';
import { hull } from './tiles';
import type { Range } from './tiles';

/** Above so many datums, an order that has to look all over them is made anew once a second. */
const MANY = 100_000;
const PATIENCE = 1000;

/** Tiles that there is room for when they have become more, for each that there is. */
const SPARE = 1.5;

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

  /** The tiles that are others than at the last call. */
  taken(): Range[] {
    return this._renewed.splice(0);
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
    const same = per === this._per && order === this._wanted && codes === this._codes;
    if (same && order === 'input' && total >= this._total) {
      this._extend(total);
      return; // the listing goes on: those that are there stay where they are
    }
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
    if (size !== this._tiles.length) {
      this._tiles = this._room = new Uint8Array(size);
    }
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
    if (dirty && this._order.name === 'input') {
      this._reorder();
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
    this._sorted = Date.now();
    this._reorder();
  }

  private _reorder(): void {
    this._states = this._run.states;
    this._order = this._sort();
  }

  /** More datums behind the last one. */
  private _extend(total: number): void {
    const was = this._total;
    if (total === was) {
      return;
    }
    const size = Math.ceil(total / this._per);
    if (size > this._room.length) {
      const wider = new Uint8Array(Math.ceil(size * SPARE));
      wider.set(this._tiles);
      this._room = wider;
    }
    this._tiles = this._room.subarray(0, size);
    this._total = total;
    this._reorder();
    const [start, end] = this._known;
    // The last tile may have been of fewer datums.
    this._known = [start, Math.max(start, Math.min(end, Math.floor(was / this._per)))];
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
      this._renewed.push([from, to]);
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
  private readonly _renewed: Range[] = [];
  private _sorted = 0;
  /** The tiles, and behind them room for more while the listing goes on. */
  private _room = new Uint8Array();
  private _states = new Uint8Array();
  private _tiles = new Uint8Array();
  private _total = 0;
  private _wanted: OrderName = 'input';
}
