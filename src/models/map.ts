/**
 * What is seen of a run's map: in which order, how near, which rows; where the cursor stands and
 * what is selected. It knows no canvas; {@link tiles} holds what is to be painted.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { MapTiles } from './maptiles';
import { DurationOrder } from './orders';
import type { IOrder, OrderName } from './orders';
import type { RunModel } from './run';
import { clamp, flow, hull, layout, nearest, nextFailed, steps, tileAt } from './tiles';
import type { ILayout, IStep, Range } from './tiles';
import { TimesModel } from './times';
import type { ReadTimes } from './times';

/** How the map is to be: the one in the side panel is small and shows all. */
export interface IMapOptions {
  times?: ReadTimes;
  small?: boolean;
}

/** The map of one run as one view shows it. */
export class MapModel implements IDisposable {
  constructor(
    readonly run: RunModel,
    private readonly _options: IMapOptions = {}
  ) {
    this._tiles = new MapTiles(run);
    this.times = new TimesModel(run, _options.times);
    this.times.changed.connect(this._tell, this);
    run.touched.connect(this._onTouched, this);
    run.changed.connect(this._onRun, this);
  }

  /** How long each datum took. */
  readonly times: TimesModel;

  /** Something is to be painted. */
  get stale(): Signal<this, void> {
    return this._stale;
  }
  /** Order, step, rows, cursor or selection are others. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  get plan(): ILayout {
    return this._plan;
  }
  get order(): IOrder {
    return this._tiles.order;
  }
  /** The order that was asked for; durations may be on their way still. */
  get wanted(): OrderName {
    return this._wanted;
  }
  /** The worst state of each tile. */
  get tiles(): Uint8Array {
    return this._tiles.all();
  }
  /** The same, but for tiles that have not been seen. */
  get painted(): Uint8Array {
    return this._tiles.tiles;
  }
  /** Of the field. */
  get width(): number {
    return this._width;
  }
  get height(): number {
    return this._height;
  }
  /** The first row that is seen, and how many are. */
  get top(): number {
    return this._top;
  }
  get seen(): number {
    return Math.max(1, Math.floor(this._height / this._plan.tile));
  }
  get steps(): readonly IStep[] {
    return this._steps;
  }
  get step(): number {
    return this._step;
  }
  /** The tile that keyboard or click have chosen. */
  get cursor(): Range | null {
    return this._cursor;
  }
  get selection(): Range | null {
    return this._selection;
  }
  /** Whether each datum's state is here. */
  get ready(): boolean {
    return this.run.total > 0 && this.run.states.length >= this.run.total;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The field has this size. */
  resize(width: number, height: number): void {
    const hidden = !width || (!height && !this._options.small);
    if (!hidden && (width !== this._width || height !== this._height)) {
      this._width = width;
      this._height = height;
      this._shape = '';
      this._stale.emit();
    }
  }

  /**
   * Bring {@link painted} up to date; to be called before they are painted.
   *
   * @returns whether layout or order are others than at the last call; more datums behind the last
   * one, where there is room for them, are not.
   */
  update(): boolean {
    const laid = this._relay();
    const { columns, tile } = this._plan;
    const rows = this._options.small ? Infinity : Math.ceil(this._height / tile);
    this._tiles.renew([this._top * columns, (this._top + rows) * columns]);
    if (laid) {
      this._changed.emit();
    }
    return laid;
  }

  /** The tiles that have changed since they were painted last. */
  taken(): Range[] {
    return this._tiles.taken();
  }

  /** Show another order. */
  setOrder(name: OrderName): void {
    this._wanted = name;
    this._drop();
    if (name === 'duration') {
      this.times.forgive();
      void this.times.look();
    }
    this._tell();
  }

  /**
   * Look nearer or from farther away.
   *
   * @param by - so many steps.
   * @param at - what stays where it is: a rank, and how far below the top it stands.
   */
  zoom(by: number, at?: { rank: number; below: number }): void {
    const next = clamp(this._step + by, 0, this._steps.length - 1);
    if (next === this._step) {
      return;
    }
    const { rank, below } = at ?? this._middle();
    this._step = next;
    this._relay();
    const { per, columns, tile } = this._plan;
    this._cursor = this._cursor && this._tileOf(this._cursor[0]);
    this.pan(Math.floor(rank / per / columns) - Math.floor(below / tile) - this._top);
    this._tell();
  }

  /** Look farther down, or up. */
  pan(rows: number): void {
    const top = clamp(this._top + rows, 0, Math.max(0, this._plan.rows - this.seen));
    if (top !== this._top) {
      this._top = top;
      this._tell();
    }
  }

  /** The tile at a point of the field. */
  at(x: number, y: number): Range | null {
    return tileAt(this._plan, this.order.total, x, y + this._top * this._plan.tile);
  }

  /** The same, or the nearest one. */
  near(x: number, y: number): Range {
    return nearest(this._plan, this.order.total, x, y + this._top * this._plan.tile);
  }

  /** Put the cursor somewhere, or nowhere. */
  point(tile: Range | null): void {
    this._cursor = tile;
    this._tell();
  }

  /** Select all from one tile to another. */
  select(one: Range | null, two: Range | null = one): void {
    this._selection = one && two && this._whole(hull(one, two));
    this._tell();
  }

  /**
   * Move the cursor by so many tiles; the first move only shows it.
   *
   * @param extend - the selection goes along.
   */
  move(tiles: number, extend = false): void {
    const { per } = this._plan;
    const { total } = this.order;
    if (!total) {
      return;
    }
    const was = this._cursor ?? this._tileOf(this._top * this._plan.columns * per);
    const last = Math.ceil(total / per) - 1;
    const step = this._cursor || !Number.isFinite(tiles) ? tiles : 0;
    const now = this._tileOf(clamp(Math.floor(was[0] / per) + step, 0, last) * per);
    this._anchor = extend ? (this._anchor ?? was) : null;
    this._selection = this._anchor ? this._whole(hull(this._anchor, now)) : this._selection;
    this._cursor = now;
    this._reveal();
    this._tell();
  }

  /** Put the cursor on the next failed datum, or the one before. */
  seek(step: 1 | -1): boolean {
    const found = nextFailed(this.tiles, this.tiles.length, this._here(step), step);
    if (found >= 0) {
      this._cursor = this._tileOf(found * this._plan.per);
      this._reveal();
      this._tell();
    }
    return found >= 0;
  }

  /** Let go of the selection, else of the cursor; false if there was neither. */
  drop(): boolean {
    const had = this._selection !== null || this._cursor !== null;
    if (this._selection) {
      this._selection = null;
    } else {
      this._cursor = null;
    }
    this._anchor = null;
    this._tell();
    return had;
  }

  dispose(): void {
    this._disposed = true;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Datums that took equally long are selected together. */
  private _whole(range: Range): Range {
    return this.order instanceof DurationOrder ? this.order.whole(range) : range;
  }

  private _here(step: 1 | -1): number {
    const edge = step === 1 ? -1 : this.tiles.length;
    return this._cursor ? this._cursor[0] / this._plan.per : edge;
  }

  /** What stays where it is: the cursor, else the middle of what is seen. */
  private _middle(): { rank: number; below: number } {
    const { columns, per, tile } = this._plan;
    const below = this._height / 2;
    const row = this._top + Math.floor(Math.min(below / tile, this._plan.rows - 1));
    return { rank: this._cursor?.[0] ?? row * columns * per, below };
  }

  private _tileOf(rank: number): Range {
    const { per } = this._plan;
    const start = Math.floor(rank / per) * per;
    return [start, Math.min(this.order.total, start + per)];
  }

  /** Bring the cursor's row into view. */
  private _reveal(): void {
    const { per, columns } = this._plan;
    const row = Math.floor((this._cursor?.[0] ?? 0) / per / columns);
    if (row < this._top || row >= this._top + this.seen) {
      this.pan(row - this._top - (row < this._top ? 0 : this.seen - 1));
    }
  }

  private _drop(): void {
    this._cursor = this._selection = this._anchor = null;
  }

  private _relay(): boolean {
    const shape = this._wantedShape;
    if (shape === this._shape && this.times.codes === this._tiles.codes) {
      return false;
    }
    const total = this.ready ? this.run.total : 0;
    const { _width: width, _height: height, _wanted: wanted } = this;
    this._shape = shape;
    const before = this._face;
    this._lay(total);
    const { columns, rows, tile, per } = this._plan;
    const face = [total > 0, width, height, wanted, this._steps.length, this._listing];
    this._face = [...face, columns, Math.max(rows, this.seen), tile, per].join('/');
    const timed = this.times.codes !== this._tiles.codes;
    this._tiles.lay(total, per, wanted, this.times.codes);
    return timed || this._face !== before;
  }

  private _lay(total: number): void {
    const { _width: width, _height: height } = this;
    if (this._options.small) {
      this._plan = layout(total, width, this._listing);
    } else {
      const { per, tile } = this._steps[this._step];
      this._steps = steps(total, width, height);
      // As near as before: the farthest steps become more as datums are listed.
      const near = this._steps.findIndex(one => one.per <= per && one.tile >= tile);
      this._step = this._step && (near < 0 ? this._steps.length - 1 : near);
      this._plan = flow(total, width, this._steps[this._step]);
    }
    this._top = clamp(this._top, 0, Math.max(0, this._plan.rows - this.seen));
  }

  private _onTouched(_: RunModel, range: Range): void {
    this._tiles.touch(range);
    this._stale.emit();
  }

  private _onRun(): void {
    if (this._wanted === 'duration') {
      void this.times.look();
    }
    if (this._tiles.stale || this._wantedShape !== this._shape) {
      this._stale.emit();
    }
  }

  /** All that the layout follows from. */
  private get _wantedShape(): string {
    const { run, ready, _width: width, _height: height, _step: step, _wanted: wanted } = this;
    return [ready ? run.total : 0, width, height, step, wanted, this._listing].join('/');
  }

  /** Whether more datums are to come. */
  private get _listing(): boolean {
    const { counts } = this.run;
    return counts?.status === 'running' && !counts.planned;
  }

  private _tell(): void {
    this._stale.emit();
    this._changed.emit();
  }

  private _anchor: Range | null = null;
  private _cursor: Range | null = null;
  private _disposed = false;
  /** What the last layout looked like. */
  private _face = '';
  private _height = 0;
  private _plan: ILayout = layout(0, 0);
  private _selection: Range | null = null;
  private _shape = '';
  private _step = 0;
  private _steps: IStep[] = [{ per: 1, tile: 2 }];
  private _top = 0;
  private _wanted: OrderName = 'input';
  private _width = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _stale = new Signal<this, void>(this);
  private readonly _tiles: MapTiles;
}
