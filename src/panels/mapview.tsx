/** The map in the side panel, and what all maps share: a canvas painted at most once a frame. */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { MapModel } from '../models/map';
import type { IMapOptions } from '../models/map';
import type { IOrder } from '../models/orders';
import type { RunModel } from '../models/run';
import { tally } from '../models/tiles';
import type { Range } from '../models/tiles';
import { Commands, STATES } from '../tokens';
import { count, stateWord } from './format';
import { Painter } from './painter';
import { byState, ShownContext, useHost, useRead, useSignals } from './parts';

/** Ranges of the table that says in words what the map shows. */
const RANGES = 20;
/** Milliseconds until the style sheet of a new theme is there. */
const THEMED = 100;

/** A map model that lives as long as the view of its run. */
export function useMap(run: RunModel, options: IMapOptions): MapModel {
  const model = React.useMemo(() => new MapModel(run, options), [run]);
  React.useEffect(() => () => model.dispose(), [model]);
  return model;
}

/**
 * Paint a map into a canvas whenever it is stale, the field has another size, or the theme is
 * another one.
 *
 * @param sized - the size of the canvas.
 */
export function usePainted(
  model: MapModel,
  theme: IThemeManager | null,
  field: React.RefObject<HTMLElement>,
  canvas: React.RefObject<HTMLCanvasElement>,
  sized: (model: MapModel) => { width: number; height: number }
): void {
  const shown = React.useContext(ShownContext);
  React.useEffect(() => {
    const [node, sheet] = [field.current, canvas.current];
    if (!node || !sheet || !shown) {
      return undefined;
    }
    const painter = new Painter(sheet);
    let frame = 0;
    const draw = () => {
      frame = 0;
      model.update();
      painter.paint(model.painted, model.plan, model.top, sized(model), model.taken());
    };
    const soon = () => {
      frame = frame || requestAnimationFrame(draw);
    };
    const themed = () =>
      window.setTimeout(() => {
        painter.forget();
        soon();
      }, THEMED);
    const observer = new ResizeObserver(() => {
      model.resize(node.clientWidth, node.clientHeight);
      soon();
    });
    observer.observe(node);
    model.stale.connect(soon);
    theme?.themeChanged.connect(themed);
    model.resize(node.clientWidth, node.clientHeight);
    soon();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      model.stale.disconnect(soon);
      theme?.themeChanged.disconnect(themed);
    };
  }, [model, theme, shown]);
}

/** How often the theme has changed: what reads its colours as it is made is made anew. */
export function useThemed(theme: IThemeManager | null): number {
  const [times, again] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    const themed = () => void window.setTimeout(again, THEMED);
    theme?.themeChanged.connect(themed);
    return () => void theme?.themeChanged.disconnect(themed);
  }, [theme]);
  return times;
}

/** The small map of one run. */
export const MapView = React.memo(function MapView(props: {
  run: RunModel;
  theme: IThemeManager | null;
  /** Told how many datums a tile stands for. */
  onPer: (per: number) => void;
}): JSX.Element {
  const { run, theme, onPer } = props;
  const { trans, commands } = useHost();
  const model = useMap(run, { small: true });
  const field = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const [tile, setTile] = React.useState<Range | null>(null);
  const [table, setTable] = React.useState(false);
  usePainted(model, theme, field, canvas, ({ plan }) => plan);
  useSignals(model.changed);
  React.useEffect(() => onPer(model.plan.per), [model.plan.per]);
  const find = ({ nativeEvent: { offsetX, offsetY } }: React.MouseEvent) =>
    model.at(offsetX, offsetY);
  const open = (position: number) =>
    void commands
      .execute(Commands.openDatum, { project: run.project, run: run.uuid, position })
      .catch(() => undefined);
  return (
    <div className="jp-datum-body">
      <div ref={field} className="jp-datum-map">
        <MapCanvas
          run={run}
          sheet={canvas}
          onMouseMove={event => setTile(find(event))}
          onMouseLeave={() => setTile(null)}
          onClick={event => {
            const at = find(event);
            if (at) {
              open(model.order.worst(at));
            }
          }}
        />
      </div>
      <div className="jp-datum-row jp-datum-small jp-datum-muted">
        <span className="jp-datum-grow jp-datum-cut">
          {tile ? tileWords(trans, model.order, tile) : trans.__('input order')}
        </span>
        <button className="jp-datum-link" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? trans.__('hide table') : trans.__('as a table')}
        </button>
      </div>
      {table ? <RangeTable run={run} /> : null}
    </div>
  );
});

/** The canvas of a map; what it shows stands in its name. */
export const MapCanvas = React.memo(function MapCanvas(
  props: { run: RunModel; sheet: React.RefObject<HTMLCanvasElement> } & Pick<
    React.DOMAttributes<HTMLCanvasElement>,
    'onMouseMove' | 'onMouseLeave' | 'onClick'
  >
): JSX.Element {
  const { trans } = useHost();
  const { run, sheet, ...events } = props;
  const label = useRead(() => mapLabel(run, trans), run.changed);
  return <canvas ref={sheet} role="img" aria-label={label} {...events} />;
});

/** What stands in the map's header. */
export function MapSummary(props: { per: number }): JSX.Element {
  const { trans } = useHost();
  const { per } = props;
  return (
    <>
      {per > 1 ? trans.__('1 tile = %1 datums', count(per)) : trans.__('1 square = 1 datum')}
      {per > 1 ? <span className="jp-datum-wide">{trans.__('· worst wins')}</span> : null}
    </>
  );
}

function mapLabel(run: RunModel, trans: TranslationBundle): string {
  const parts = byState(run.counts ?? {}, run.total);
  const words = STATES.filter(state => parts[state]).map(
    state => `${count(parts[state])} ${stateWord(trans, state)}`
  );
  return trans._n(
    'Map of 1 datum: %3',
    'Map of %2 datums in input order: %3',
    run.total,
    count(run.total),
    words.join(', ')
  );
}

/** How many datums are in which state, in words; `counts` by state byte. */
export function tallyWords(trans: TranslationBundle, counts: readonly number[]): string {
  return STATES.map((state, byte) => [state, counts[byte]] as const)
    .filter(([, n]) => n > 0)
    .map(([state, n]) => `${count(n)} ${stateWord(trans, state)}`)
    .join(', ');
}

/** Which datums a tile stands for, and how they are. */
export function tileWords(trans: TranslationBundle, order: IOrder, tile: Range): string {
  const [start, end] = tile;
  const counts = order.tally(tile);
  if (end - start === 1) {
    const state = STATES[counts.findIndex(n => n > 0)] ?? 'pending';
    return trans.__('datum %1: %2', count(order.worst(tile) + 1), stateWord(trans, state));
  }
  const words = tallyWords(trans, counts);
  return order.name === 'input'
    ? `${count(start + 1)} … ${count(end)}: ${words}`
    : trans.__('%1 datums: %2', count(end - start), words);
}

/** The map in words: a canvas cannot be read. */
export function RangeTable(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const step = Math.max(1, Math.ceil(run.total / RANGES));
  const rows = Array.from({ length: Math.ceil(run.total / step) }, (_, i) => i * step);
  const shown = STATES.filter(state => byState(run.counts ?? {}, run.total)[state]);
  return (
    <div
      className="jp-datum-table-field"
      role="region"
      aria-label={trans.__('Datums by place in the input')}
      tabIndex={0}
    >
      <table className="jp-datum-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('datums')}</th>
            {shown.map(state => (
              <th scope="col" key={state}>
                {stateWord(trans, state)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(start => {
            const end = Math.min(run.total, start + step);
            const counts = tally(run.states, start, end);
            return (
              <tr key={start}>
                <th scope="row">{`${count(start + 1)} … ${count(end)}`}</th>
                {shown.map(state => (
                  <td key={state}>{count(counts[STATES.indexOf(state)])}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
