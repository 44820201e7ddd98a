/**
 * Outlines over the tiles of a map. They are shapes, not a canvas: one that moves with the pointer
 * has a few pixels painted anew, and not all of the map.
 */
import React from 'react';

import { outline } from '../models/tiles';
import type { ILayout, Range } from '../models/tiles';

/** What is drawn over the tiles. */
export interface IMark {
  range: Range;
  kind: 'cursor' | 'hover' | 'selection' | 'lens';
}

/** Outlines of ranges of datums, seen on any colour: light around dark, or the other way round. */
export function Marks(props: {
  plan: ILayout;
  /** The first row of tiles that is seen. */
  top: number;
  height: number;
  marks: readonly (IMark | null)[];
}): JSX.Element {
  const { plan, top, height, marks } = props;
  return (
    <svg className="jp-datum-map-marks" width={plan.width} height={height} aria-hidden="true">
      {marks.map(one => {
        if (!one) {
          return null;
        }
        const path = trace(plan, top, one.range);
        return (
          <g key={one.kind} data-kind={one.kind}>
            <path d={path} />
            <path d={path} />
          </g>
        );
      })}
    </svg>
  );
}

function trace(plan: ILayout, top: number, [start, end]: Range): string {
  const { per, tile, gap } = plan;
  return outline(plan.columns, Math.floor(start / per), Math.ceil(end / per))
    .map(corners => {
      const points = corners.map(([x, y]) => {
        const px = x * tile - (x ? gap / 2 : 0);
        const py = (y - top) * tile - (y > top ? gap / 2 : 0);
        return `${px} ${py}`;
      });
      return `M${points.join('L')}z`;
    })
    .join('');
}
