/** The map on a canvas, painted at most once a frame, whatever comes in. */
import type { IThemeManager } from '@jupyterlab/apputils';
import React from 'react';

import { STATES } from '../tokens';
import type { IRunModel } from '../tokens';
import { Commands } from '../tokens';
import { count, stateWord } from './format';
import { layout, paint, palette, tally, tileAt, worst, worstAt } from './painter';
import type { ILayout } from './painter';
import { byState, useHost, useSignals } from './parts';

/** Ranges of the table that says in words what the map shows. */
const RANGES = 20;

/** The map of one run. */
export function MapView(props: {
  run: IRunModel;
  theme: IThemeManager | null;
  /** Told how many datums a tile stands for. */
  onPer: (per: number) => void;
}): JSX.Element {
  const { run, theme, onPer } = props;
  const { trans, commands } = useHost();
  const field = React.useRef<HTMLDivElement>(null);
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const plan = React.useRef<ILayout>(layout(0, 0));
  const [tile, setTile] = React.useState<[number, number] | null>(null);
  const [table, setTable] = React.useState(false);

  React.useEffect(() => {
    const node = field.current;
    const sheet = canvas.current;
    if (!node || !sheet) {
      return undefined;
    }
    let frame = 0;
    let last = '';
    const draw = () => {
      frame = 0;
      plan.current = layout(run.total, node.clientWidth);
      paint(sheet, run.states, run.total, plan.current, palette(node));
      const shape = `${plan.current.per}/${run.total}`;
      if (shape !== last) {
        last = shape;
        onPer(plan.current.per);
      }
    };
    const soon = () => {
      frame = frame || requestAnimationFrame(draw);
    };
    const themed = () => window.setTimeout(soon, 100); // its style sheet comes a moment later
    const observer = new ResizeObserver(soon);
    observer.observe(node);
    run.changed.connect(soon);
    theme?.themeChanged.connect(themed);
    soon();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      run.changed.disconnect(soon);
      theme?.themeChanged.disconnect(themed);
    };
  }, [run, theme, onPer]);

  const find = (event: React.MouseEvent): [number, number] | null => {
    const box = event.currentTarget.getBoundingClientRect();
    return tileAt(plan.current, run.total, event.clientX - box.left, event.clientY - box.top);
  };
  const open = (position: number) =>
    void commands
      .execute(Commands.openDatum, { project: run.project, run: run.uuid, position })
      .catch(() => undefined);
  return (
    <div className="jp-datum-body">
      <div ref={field} className="jp-datum-map">
        <canvas
          ref={canvas}
          role="img"
          aria-label={label(props.run, trans)}
          onMouseMove={event => setTile(find(event))}
          onMouseLeave={() => setTile(null)}
          onClick={event => {
            const at = find(event);
            if (at) {
              open(worstAt(run.states, ...at));
            }
          }}
        />
      </div>
      <div className="jp-datum-row jp-datum-small jp-datum-muted">
        <span className="jp-datum-grow jp-datum-cut">
          {tile ? <TileWords run={run} tile={tile} /> : trans.__('input order')}
        </span>
        <button className="jp-datum-link" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? trans.__('hide table') : trans.__('as a table')}
        </button>
      </div>
      {table ? <RangeTable run={run} /> : null}
    </div>
  );
}

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

function label(run: IRunModel, trans: ReturnType<typeof useHost>['trans']): string {
  const parts = byState(run.counts ?? {}, run.total);
  const words = STATES.filter(state => parts[state]).map(
    state => `${count(parts[state])} ${stateWord(trans, state)}`
  );
  return trans.__('Map of %1 datums in input order: %2', count(run.total), words.join(', '));
}

function TileWords(props: { run: IRunModel; tile: [number, number] }): JSX.Element {
  const { trans } = useHost();
  const { run, tile } = props;
  const [start, end] = tile;
  if (end - start === 1) {
    const state = STATES[worst(run.states, start, end)];
    return <>{trans.__('datum %1: %2', count(start + 1), stateWord(trans, state))}</>;
  }
  const words = tally(run.states, start, end)
    .map((n, at) => (n ? `${count(n)} ${stateWord(trans, STATES[at])}` : ''))
    .filter(Boolean);
  return <>{`${count(start + 1)} … ${count(end)}: ${words.join(', ')}`}</>;
}

/** The map in words: a canvas cannot be read. */
function RangeTable(props: { run: IRunModel }): JSX.Element {
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
