/** The lens: single datums around the tile that one looks at, in a corner of the map. */
import React from 'react';

import type { MapModel } from '../models/map';
import { flow, tileAt } from '../models/tiles';
import type { ILayout, Range } from '../models/tiles';
import { count } from './format';
import { Marks } from './mapmarks';
import { Painter } from './painter';
import { useHost, useSignals } from './parts';

/** Squares of the lens: as many as one can tell apart, of 9 px with their gap. */
const COLUMNS = 34;
const ROWS = 18;
const TILE = 9;
const MANY = COLUMNS * ROWS;

/** Its size with frame and caption, and its distance from the edges of the map. */
export const LENS = { width: COLUMNS * TILE + 4, height: ROWS * TILE + 28, inset: 12 };

/** Corners in which the lens can be. */
export type Side = 'left' | 'right';

/** Which ranks the lens shows around these. */
export function lensRange(total: number, around: Range): Range {
  const middle = Math.floor((around[0] + around[1]) / 2) - MANY / 2;
  // In steps of its rows: else every move of the pointer would shift all squares.
  const start = Math.max(0, Math.min(total - MANY, Math.round(middle / COLUMNS) * COLUMNS));
  return [start, Math.min(total, start + MANY)];
}

/** The lens over these ranks. */
export function MapLens(props: {
  model: MapModel;
  range: Range;
  /** The tile that it is about; it is framed. */
  around: Range;
  side: Side;
  held: boolean;
  /** The pointer is over one of its datums: its rank, and where that is in the lens. */
  onOver: (rank: number | null, x: number, y: number) => void;
  onOpen: (rank: number) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { model, range, around, side, held, onOver, onOpen } = props;
  const sheet = React.useRef<HTMLCanvasElement>(null);
  const plan = React.useMemo(
    () => ({ ...flow(MANY, COLUMNS * TILE, { per: 1, tile: TILE }), gap: 1 }),
    []
  );
  useSignals(model.run.changed);
  useLens(props, plan, sheet);
  const framed: Range = [
    Math.max(0, around[0] - range[0]),
    Math.min(range[1], around[1]) - range[0]
  ];
  const find = ({ nativeEvent: { offsetX, offsetY } }: React.MouseEvent) => {
    const tile = tileAt(plan, range[1] - range[0], offsetX, offsetY);
    return tile && { rank: range[0] + tile[0], x: offsetX, y: offsetY };
  };
  return (
    <div className="jp-datum-map-lens" data-side={side} data-held={held}>
      <div className="jp-datum-map-lens-field">
        <canvas
          ref={sheet}
          aria-hidden="true"
          onPointerMove={event => {
            const at = find(event);
            onOver(at?.rank ?? null, at?.x ?? 0, at?.y ?? 0);
          }}
          onPointerLeave={() => onOver(null, 0, 0)}
          onClick={event => {
            const at = find(event);
            if (at) {
              onOpen(at.rank);
            }
          }}
        />
        <Marks
          plan={plan}
          top={0}
          height={plan.height}
          marks={[framed[0] < framed[1] ? { range: framed, kind: 'hover' } : null]}
        />
      </div>
      <div className="jp-datum-map-lens-line">
        <span className="jp-datum-cut">
          {model.order.name === 'input'
            ? `${count(range[0] + 1)} … ${count(range[1])}`
            : trans.__('around %1 in this order', count(around[0] + 1))}
        </span>
        <span>{trans.__('single datums')}</span>
      </div>
    </div>
  );
}

/** Paint the squares whenever they are others. */
function useLens(
  props: { model: MapModel; range: Range },
  plan: ILayout,
  sheet: React.RefObject<HTMLCanvasElement>
): void {
  const { model, range } = props;
  const painted = React.useRef<{ painter: Painter; tiles: Uint8Array } | null>(null);
  React.useEffect(() => {
    if (!sheet.current) {
      return;
    }
    const { states } = model.run;
    const tiles = Uint8Array.from(model.order.positions(range), at => states[at] & 15);
    const before = painted.current?.tiles;
    if (before?.length === tiles.length && before.every((state, at) => state === tiles[at])) {
      return; // the pointer is over another tile, and the same single datums are around it
    }
    const painter = painted.current?.painter ?? new Painter(sheet.current);
    painted.current = { painter, tiles };
    painter.paint(tiles, plan, 0, plan);
  }, [range[0], range[1], model.order, model.run.counts]);
}
