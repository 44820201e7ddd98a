/** Beside a map that is larger than its field: where one is, and where something has failed. */
import React from 'react';

import type { MapModel } from '../models/map';
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
      {longer ? (
        <>
          <Strip model={model} />
          <i style={{ top: part(top), height: part(seen) }} />
        </>
      ) : null}
    </div>
  );
});

/** All of the map as one thin column. */
function Strip(props: { model: MapModel }): JSX.Element {
  const { model } = props;
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const painter = React.useRef<Painter | null>(null);
  useSignals(model.changed, model.run.changed);
  React.useEffect(() => {
    const rail = canvas.current?.parentElement;
    if (canvas.current && rail) {
      painter.current = painter.current ?? new Painter(canvas.current);
      paintRail(painter.current, model, rail.clientHeight);
    }
  });
  return <canvas ref={canvas} />;
}

/** One line for as many datums as stand beside it, the worst of them. */
function paintRail(painter: Painter, model: MapModel, height: number): void {
  const { order } = model;
  const lines = Math.max(1, Math.floor(height / LINE));
  const per = Math.ceil(order.total / lines);
  const rows = Math.ceil(order.total / per);
  const tiles = new Uint8Array(rows);
  order.fill(tiles, per, 0, rows);
  const plan = { columns: 1, rows, tile: LINE, gap: 0, per, width: LINE, height: rows * LINE };
  painter.paint(tiles, plan, 0, plan.height);
}
