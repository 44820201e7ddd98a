/** The large map: tiles, what is drawn over them, and all that pointer and keys do to it. */
import type { IThemeManager } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { failedOf, wordsOf } from '../models/mapfilter';
import type { MapModel } from '../models/map';
import type { ILayout, Range } from '../models/tiles';
import { Commands } from '../tokens';
import { MapCard } from './mapcard';
import type { ICardActions, ISpot, PositionSource } from './mapcard';
import { useDrag, useKeys, useWheel } from './mapevents';
import { LENS, lensRange, MapLens } from './maplens';
import type { Side } from './maplens';
import { Marks } from './mapmarks';
import { MapRail } from './maprail';
import { MapCanvas, tileWords, usePainted, useThemed } from './mapview';
import { useHost, useRead, useSignals } from './parts';

/** Tiles that are smaller are looked at through a lens. */
const LARGE = 6;
/** Milliseconds that the cursor rests before its tile is spoken. */
const REST = 400;

/** What the map is given. */
export interface IFieldProps {
  model: MapModel;
  theme: IThemeManager | null;
  source: PositionSource;
}

/** The tile that the pointer is over; it moves from tile to tile more often than anything else. */
class Pointed {
  readonly changed = new Signal<this, void>(this);
  get range(): Range | null {
    return this._range;
  }
  readonly set = (next: Range | null): void => {
    if (next?.[0] !== this._range?.[0] || next?.[1] !== this._range?.[1]) {
      this._range = next;
      this.changed.emit();
    }
  };
  private _range: Range | null = null;
}

/** Tiles, lens and card. */
export function MapField(props: IFieldProps): JSX.Element {
  const { trans } = useHost();
  const { model, theme, source } = props;
  const { run } = model;
  const field = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const pointed = React.useMemo(() => new Pointed(), [model]);
  useSignals(model.changed);
  usePainted(model, theme, field, canvas, ({ width, height }) => ({ width, height }));
  const themed = useThemed(theme);
  const act = useActions(model, pointed);
  const drag = useDrag(model, field, pointed.set);
  const keys = useKeys(model, act);
  useWheel(model, field);
  const label = React.useMemo(
    () =>
      trans.__(
        'Map of datums. Arrows move, Enter opens, Shift with arrows selects, T shows the table, R retries, N and P go to failed ones, plus and minus zoom'
      ),
    [trans]
  );
  return (
    <div className="jp-datum-map-around">
      <div
        ref={field}
        className="jp-datum-map-field"
        role="application"
        tabIndex={0}
        aria-label={label}
        data-drag={drag.panning}
        data-datum-takes="n p Escape"
        onKeyDown={keys}
        {...drag.events}
      >
        <MapCanvas run={run} sheet={canvas} />
        <Over {...{ model, source, pointed, themed, act }} />
      </div>
      <MapRail key={themed} model={model} />
      <Spoken model={model} />
    </div>
  );
}

/** What is drawn over the tiles. */
function Over(
  props: Omit<IFieldProps, 'theme'> & {
    pointed: Pointed;
    themed: number;
    act: (range: Range | null) => ICardActions;
  }
): JSX.Element {
  const { model, source, pointed, themed, act } = props;
  useSignals(pointed.changed);
  const { cursor, selection, plan, top } = model;
  const size = { width: model.width, height: model.height };
  const looked = lookedAt(model, pointed);
  const lens = looked && hasLens(model, size) ? lensRange(model.order.total, looked) : null;
  return (
    <>
      <Marks
        plan={plan}
        top={top}
        height={size.height}
        marks={[
          selection && { range: selection, kind: 'selection' },
          lens && { range: lens, kind: 'lens' },
          looked && { range: looked, kind: cursor ? 'cursor' : 'hover' }
        ]}
      />
      {looked ? (
        <Looked
          {...{ model, source, size, lens, looked, act }}
          key={lens ? `lens${themed}` : 'plain'}
          held={cursor !== null}
        />
      ) : null}
    </>
  );
}

/** What one looks at: the cursor's tile, else the pointer's. */
function lookedAt(model: MapModel, pointed: Pointed): Range | null {
  return within(model, model.cursor ?? pointed.range);
}

/** Ranks that are there still. */
function within(model: MapModel, range: Range | null): Range | null {
  const { total } = model.order;
  return range && range[0] < total ? [range[0], Math.min(total, range[1])] : null;
}

function hasLens(model: MapModel, size: { width: number; height: number }): boolean {
  const { per, tile } = model.plan;
  const small = per > 1 || tile < LARGE;
  return small && size.width > 1.6 * LENS.width && size.height > 1.5 * LENS.height;
}

/** Where the middle of the first tile of a range is in the field. */
function middle(plan: ILayout, top: number, [start]: Range): { x: number; y: number } {
  const tile = Math.floor(start / plan.per);
  return {
    x: ((tile % plan.columns) + 0.5) * plan.tile,
    y: (Math.floor(tile / plan.columns) - top + 0.5) * plan.tile
  };
}

/** Lens and card of what is looked at. */
function Looked(
  props: Omit<IFieldProps, 'theme'> & {
    size: { width: number; height: number };
    lens: Range | null;
    looked: Range;
    held: boolean;
    act: (range: Range | null) => ICardActions;
  }
): JSX.Element {
  const { model, source, size, lens, looked, held, act } = props;
  const [over, setOver] = React.useState<ISpot | null>(null);
  React.useEffect(() => setOver(null), [looked[0], lens?.[0]]);
  const corner = React.useRef<Side>('left');
  const at = middle(model.plan, model.top, looked);
  const low = size.height - LENS.height - LENS.inset;
  corner.current = lens && !held ? away(corner.current, at, size) : corner.current;
  const left = corner.current === 'left' ? LENS.inset : size.width - LENS.width - LENS.inset;
  const single = held && lens && over ? over : null;
  const spot = single ?? { range: looked, ...at };
  return (
    <>
      {lens ? (
        <>
          <Rays from={at} left={left} top={low} />
          <MapLens
            {...{ model, held }}
            range={lens}
            around={spot.range}
            side={corner.current}
            onOver={(rank, x, y) =>
              setOver(rank === null ? null : { range: [rank, rank + 1], x: left + x, y: low + y })
            }
            onOpen={rank => act([rank, rank + 1]).open()}
          />
        </>
      ) : null}
      <MapCard {...{ model, source, spot, held }} field={size} actions={act(spot.range)} />
    </>
  );
}

/** The corner for the lens: it stays where it is unless the pointer comes near. */
function away(
  side: Side,
  at: { x: number; y: number },
  size: { width: number; height: number }
): Side {
  const near = at.y > size.height - LENS.height - 4 * LENS.inset;
  const reach = LENS.width + 4 * LENS.inset;
  if (near && side === 'left' && at.x < reach) {
    return 'right';
  }
  return near && side === 'right' && at.x > size.width - reach ? 'left' : side;
}

/** Lines from a tile to its lens. */
function Rays(props: { from: { x: number; y: number }; left: number; top: number }): JSX.Element {
  const { from, left, top } = props;
  const path = `M${left} ${top}L${from.x} ${from.y}L${left + LENS.width} ${top}`;
  return (
    <svg className="jp-datum-map-rays" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** What the cursor's tile is, for those who do not see it. */
function Spoken(props: { model: MapModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const [text, setText] = React.useState('');
  const words = useRead(
    () => {
      const { cursor, order } = model;
      return cursor && cursor[1] <= order.total ? tileWords(trans, order, cursor) : '';
    },
    model.changed,
    model.run.changed
  );
  React.useEffect(() => {
    const timer = window.setTimeout(() => setText(words), REST);
    return () => window.clearTimeout(timer);
  }, [words]);
  return (
    <div className="jp-datum-hidden" aria-live="polite">
      {text}
    </div>
  );
}

/** What can be done with some datums: the selection if there is one, else what is looked at. */
function useActions(model: MapModel, pointed: Pointed): (range: Range | null) => ICardActions {
  const { commands } = useHost();
  const { run, order } = model;
  const place = { project: run.project, run: run.uuid };
  const execute = (id: string, args: object) => () =>
    void commands.execute(id, { ...place, ...args }).catch(() => undefined);
  return given => {
    const range = given ?? lookedAt(model, pointed);
    const many = (given === null && model.selection) || range;
    const retry = many && failedOf(order, many);
    const table = many && wordsOf(order, many);
    return {
      open: range ? execute(Commands.openDatum, { position: order.worst(range) }) : () => undefined,
      retry: retry && execute(Commands.retrySelection, { filter: retry.filter }),
      table: table && execute(Commands.openRun, { tab: 'table', filter: table.filter })
    };
  };
}
