/** The card beside the tile that one looks at: its worst datum, asked for when one stays. */
import React from 'react';

import type { MapModel } from '../models/map';
import type { RunModel } from '../models/run';
import type { Range } from '../models/tiles';
import type { Requests } from '../requests';
import { STATES } from '../tokens';
import type { IDatum } from '../tokens';
import { count, datumName, oneLine, span, stateWord } from './format';
import { tileWords } from './mapview';
import { StateWord, useHost, useSignals } from './parts';

/** One stays so long before the server is asked. */
const STAY = 150;
/** Datums that are remembered: one goes to and fro. */
const KEPT = 64;
/** Room that a card needs, in pixels. */
const WIDE = 288;
const HIGH = 190;
const AWAY = 14;

/** What is looked at: ranks, and where they are in the field. */
export interface ISpot {
  range: Range;
  x: number;
  y: number;
}

/** What asks for one datum. */
export type PositionSource = Pick<Requests, 'position'>;

/** What has been asked of a run, by position and state. */
const known = new WeakMap<RunModel, Map<string, IDatum>>();

/** The datum at a position, once one has stayed with it. */
function usePeek(model: MapModel, source: PositionSource, position: number): IDatum | null {
  const { project, uuid, states } = model.run;
  const key = `${position}/${states[position]}`;
  const told = known.get(model.run) ?? new Map<string, IDatum>();
  known.set(model.run, told);
  const [, draw] = React.useReducer((n: number) => n + 1, 0);
  React.useEffect(() => {
    let here = true;
    const ask = async () => {
      const datum = await source.position(project, uuid, position).catch(() => null);
      if (datum) {
        told.set(key, datum);
        while (told.size > KEPT) {
          told.delete(told.keys().next().value!);
        }
        if (here) {
          draw();
        }
      }
    };
    const timer = told.has(key) ? 0 : window.setTimeout(() => void ask(), STAY);
    return () => {
      here = false;
      window.clearTimeout(timer);
    };
  }, [source, project, uuid, key]);
  return told.get(key) ?? null;
}

/** What the keys do, as buttons where they can be reached. */
export interface ICardActions {
  open: () => void;
  retry: (() => void) | null;
  table: (() => void) | null;
}

/** The card. While it is `held` its keys can be pressed with the pointer as well. */
export function MapCard(props: {
  model: MapModel;
  source: PositionSource;
  spot: ISpot;
  field: { width: number; height: number };
  held: boolean;
  actions: ICardActions;
}): JSX.Element {
  const { trans } = useHost();
  const { model, source, spot, field, held, actions } = props;
  const { run, order } = model;
  useSignals(run.changed);
  const position = order.worst(spot.range);
  const datum = usePeek(model, source, position);
  const state = STATES[run.states[position] & 15] ?? 'pending';
  const place = trans.__('datum %1', count(position + 1));
  const name = datum ? datumName(trans, datum) : place;
  const many = spot.range[1] - spot.range[0] > 1;
  const keys = [
    ['Enter', trans.__('open'), actions.open],
    ['R', trans.__('retry'), actions.retry],
    ['T', trans.__('as table'), actions.table]
  ] as const;
  return (
    <div className="jp-datum-map-card" data-held={held} style={placed(spot, field)}>
      {many ? (
        <div className="jp-datum-map-card-tile">{tileWords(trans, order, spot.range)}</div>
      ) : null}
      <div className="jp-datum-map-card-name">
        <StateWord state={state} word={stateWord(trans, state)} />
        <bdi className="jp-datum-map-code jp-datum-cut">{name}</bdi>
      </div>
      <ErrorLine model={model} datum={datum} />
      <dl>
        <Pair name={trans.__('datum')} value={name === place ? null : count(position + 1)} />
        <Pair name={trans.__('took')} value={took(trans, datum, run.uuid)} />
        <Pair name={trans.__('worker')} value={datum?.worker ? oneLine(datum.worker) : null} />
      </dl>
      <div className="jp-datum-map-card-keys">
        {keys.map(([key, word, act]) =>
          act ? (
            <button key={key} tabIndex={-1} onClick={act} disabled={!held}>
              <kbd>{key}</kbd> {word}
            </button>
          ) : null
        )}
      </div>
    </div>
  );
}

function Pair(props: { name: string; value: string | null }): JSX.Element | null {
  return props.value ? (
    <>
      <dt>{props.name}</dt>
      <dd>
        <bdi>{props.value}</bdi>
      </dd>
    </>
  ) : null;
}

/** What the datum failed with: its group says so. */
function ErrorLine(props: { model: MapModel; datum: IDatum | null }): JSX.Element | null {
  const { model, datum } = props;
  const group = model.run.groups.find(one => one.id === datum?.group);
  return group ? (
    <div className="jp-datum-map-card-error">
      <span className="jp-datum-map-code">{oneLine(group.type)}</span> {oneLine(group.message)}
    </div>
  ) : null;
}

/** How long it took in this run, and in which try. */
function took(
  trans: ReturnType<typeof useHost>['trans'],
  datum: IDatum | null,
  run: string
): string | null {
  if (datum?.seconds === null || datum?.seconds === undefined) {
    return null;
  }
  const words = [span(datum.seconds)];
  if (datum.attempt > 1) {
    words.push(trans.__('try %1', count(datum.attempt)));
  }
  if (datum.run !== run) {
    words.push(trans.__('in another run'));
  }
  return words.join(', ');
}

/** Beside the tile, on the side that has room. */
function placed(
  { x, y }: ISpot,
  { width, height }: { width: number; height: number }
): React.CSSProperties {
  const right = x + AWAY + WIDE <= width || x < width / 2;
  const below = y + AWAY + HIGH <= height || y < height / 2;
  return {
    ...(right
      ? { left: Math.max(0, Math.min(x + AWAY, width - WIDE)) }
      : { right: Math.max(0, Math.min(width - x + AWAY, width - WIDE)) }),
    ...(below ? { top: y + AWAY } : { bottom: Math.max(0, height - y + AWAY) })
  };
}
