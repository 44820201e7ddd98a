/** Beside a map that is larger than its field: where one is, and where something has failed. */
import React from 'react';

import type { MapModel } from '../models/map';
import type { IOrder } from '../models/orders';
import { hull } from '../models/tiles';
import type { Range } from '../models/tiles';
import { useSignals } from './parts';
import { Painter } from './painter';

/** Height of a line of the rail, in pixels. */
const LINE = 2;

/** The rail; it is empty while all of the map is seen. */
export const MapRail = React.memo(function MapRail(props: { model: MapModel }): JSX.Element {
  const { model } = props;
  useSignals(model.changed);
  const { plan, top, seen, order } = model;
  const longer = plan.rows > seen && order.total > 0;
  // Once it has been needed it stays: to make it anew costs more than a frame has.
  const made = React.useRef(false);
  made.current = made.current || longer;
  const go = (event: React.PointerEvent) => {
    if (event.buttons & 1) {
      const box = event.currentTarget.getBoundingClientRect();
      const row = ((event.clientY - box.top) / box.height) * plan.rows;
      model.pan(Math.round(row - seen / 2) - top);
    }
  };
  const part = (rows: number) => `${(100 * rows) / plan.rows}%`;
  return (
    <div
      className="jp-datum-map-rail"
      aria-hidden="true"
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
    >
      {longer || made.current ? <Strip model={model} hidden={!longer} /> : null}
      {longer ? <i style={{ top: part(top), height: part(seen) }} /> : null}
    </div>
  );
});

/** All of the map as one thin column. */
function Strip(props: { model: MapModel; hidden: boolean }): JSX.Element {
  const { model, hidden } = props;
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const lines = React.useMemo(() => new Lines(model), [model]);
  useSignals(model.changed, model.run.changed);
  React.useEffect(() => () => lines.dispose(), [lines]);
  React.useEffect(() => {
    if (canvas.current && !hidden) {
      lines.paint(canvas.current);
    }
  });
  return <canvas ref={canvas} hidden={hidden} />;
}

/** One line for as many datums as stand beside it, the worst of them. */
class Lines {
  constructor(private readonly _model: MapModel) {
    _model.run.touched.connect(this._onTouched, this);
  }

  /** Bring them up to date: those only in which something has changed, where that is known. */
  paint(canvas: HTMLCanvasElement): void {
    const { order, run } = this._model;
    this._painter = this._painter ?? new Painter(canvas);
    // The rail is as high as the field beside it: to ask the page would have it laid out at once.
    const lines = Math.max(1, Math.floor(this._model.height / LINE));
    const per = Math.ceil(order.total / lines);
    const rows = Math.ceil(order.total / per);
    const same = this._states === run.states && this._order === `${order.name}/${per}/${rows}`;
    if (!same) {
      this._tiles = new Uint8Array(rows);
    }
    if (order.name !== 'input') {
      this._dirty = null; // any other order is made anew, now and then, as its states change
    }
    if (!same || (order.name !== 'input' && order !== this._made)) {
      this._dirty = [0, order.total];
    }
    if (this._dirty) {
      const [from, to] = [Math.floor(this._dirty[0] / per), Math.ceil(this._dirty[1] / per)];
      order.fill(this._tiles, per, from, Math.min(rows, to));
      const plan = { columns: 1, rows, tile: LINE, gap: 0, per, width: LINE, height: rows * LINE };
      this._painter.paint(this._tiles, plan, 0, plan, [[from, to]]);
    }
    this._dirty = null;
    this._states = run.states;
    this._made = order;
    this._order = `${order.name}/${per}/${rows}`;
  }

  dispose(): void {
    this._model.run.touched.disconnect(this._onTouched, this);
  }

  private _onTouched(_: unknown, range: Range): void {
    this._dirty = this._dirty ? hull(this._dirty, range) : range;
  }

  private _dirty: Range | null = null;
  private _made: IOrder | null = null;
  private _order = '';
  private _painter: Painter | null = null;
  private _states = new Uint8Array();
  private _tiles = new Uint8Array();
}
