/** The lines above and below the map: order and zoom, counts, and what is selected. */
import React from 'react';

import { Icon } from '../icons';
import { failedOf, wordsOf } from '../models/mapfilter';
import type { MapModel } from '../models/map';
import { ORDERS } from '../models/orders';
import type { DurationOrder, OrderName } from '../models/orders';
import type { RunModel } from '../models/run';
import type { Range } from '../models/tiles';
import { Commands, FAILED, STATES } from '../tokens';
import type { State } from '../tokens';
import { count, oneLine, span, stateWord } from './format';
import { byState, CommandButton, StateWord, useHost, useSignals } from './parts';
import { RetrySome } from './retry';
import { stillBusy, whyNot } from './why';

/** The order in which the counts stand. */
const LEGEND: readonly State[] = [
  'success',
  'skipped',
  'recovered',
  'failed',
  'cancelled',
  'running',
  'pending'
];

/** Order and zoom. */
export function MapTools(props: { model: MapModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  useSignals(model.changed);
  const names: Record<OrderName, string> = {
    input: trans.__('input'),
    state: trans.__('state'),
    duration: trans.__('duration')
  };
  return (
    <div className="jp-datum-map-tools">
      <div className="jp-datum-map-orders" role="group" aria-label={trans.__('Order of the map')}>
        <span className="jp-datum-muted">{trans.__('Order')}</span>
        <span className="jp-datum-segments">
          {ORDERS.map(name => (
            <button
              key={name}
              className="jp-datum-button"
              aria-pressed={model.wanted === name}
              onClick={() => model.setOrder(name)}
            >
              {names[name]}
            </button>
          ))}
        </span>
      </div>
      <OrderNote model={model} />
      <Zoom model={model} />
    </div>
  );
}

/** What a tile is, and what the order leaves open. */
function OrderNote(props: { model: MapModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { per } = model.plan;
  const tile =
    per > 1
      ? trans.__('1 tile = %1 datums, worst state wins', count(per))
      : trans.__('1 tile = 1 datum');
  const note = model.wanted === 'duration' ? durationNote(trans, model) : null;
  return (
    <span className="jp-datum-map-note" role={model.times.refusal ? 'status' : undefined}>
      {note ? `${note} · ` : null}
      {tile}
    </span>
  );
}

function durationNote(trans: ReturnType<typeof useHost>['trans'], model: MapModel): string {
  const { codes, refusal } = model.times;
  if (refusal) {
    return trans.__('in input order, since there are no times: %1', oneLine(refusal));
  }
  if (!codes || model.order.name !== 'duration') {
    return trans.__('reading times …');
  }
  const order = model.order as DurationOrder;
  const times = order.span([0, order.total]);
  const rest = order.total - order.timed;
  const words = times ? [trans.__('slowest first: %1 … %2', span(times[1]), span(times[0]))] : [];
  if (rest) {
    words.push(trans.__('%1 without a time here', count(rest)));
  }
  return words.join(', ');
}

function Zoom(props: { model: MapModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { per } = model.plan;
  const by = (n: number) => model.zoom(n);
  return (
    <span className="jp-datum-segments" role="group" aria-label={trans.__('Zoom')}>
      <button
        className="jp-datum-button"
        aria-label={trans.__('Look from farther away')}
        title={trans.__('Look from farther away (-)')}
        disabled={model.step === 0}
        onClick={() => by(-1)}
      >
        <Icon name="minus" />
      </button>
      <output className="jp-datum-map-scale" aria-label={trans.__('Datums a tile')}>
        {`1:${count(per)}`}
      </output>
      <button
        className="jp-datum-button"
        aria-label={trans.__('Look nearer')}
        title={trans.__('Look nearer (+)')}
        disabled={model.step >= model.steps.length - 1}
        onClick={() => by(1)}
      >
        <Icon name="plus" />
      </button>
    </span>
  );
}

/** The counts; they are the legend as well. */
export function MapLegend(props: { run: RunModel; children: React.ReactNode }): JSX.Element {
  const { trans } = useHost();
  const { run, children } = props;
  useSignals(run.changed);
  const parts = byState(run.counts ?? {}, run.total);
  return (
    <div className="jp-datum-map-foot">
      <Counts trans={trans} parts={parts} />
      <span className="jp-datum-grow" />
      {children}
    </div>
  );
}

function Counts(props: {
  trans: ReturnType<typeof useHost>['trans'];
  parts: Partial<Record<State, number>>;
}): JSX.Element {
  const { trans, parts } = props;
  return (
    <>
      {LEGEND.filter(state => parts[state]).map(state => (
        <span key={state} className="jp-datum-map-count">
          <i data-state={state} aria-hidden="true" />
          <StateWord state={state} word={stateWord(trans, state)} />
          <b>{count(parts[state] ?? 0)}</b>
        </span>
      ))}
    </>
  );
}

/** What is selected, and what can be done with it. */
export function SelectionBar(props: { model: MapModel; range: Range }): JSX.Element {
  const { trans } = useHost();
  const { model, range } = props;
  const { run, order } = model;
  useSignals(run.changed);
  const counts = order.tally(range);
  const parts = Object.fromEntries(STATES.map((state, byte) => [state, counts[byte]]));
  const failed = counts[FAILED];
  const retry = failedOf(order, range);
  const place = { project: run.project, run: run.uuid };
  return (
    <div
      className="jp-datum-map-foot jp-datum-map-selection"
      role="region"
      aria-label={trans.__('Selection')}
    >
      <span className="jp-datum-nowrap">
        {trans._n('%2 datum', '%2 datums', range[1] - range[0], count(range[1] - range[0]))}
        {order.name === 'input' ? ` · ${count(range[0] + 1)} … ${count(range[1])}` : null}
      </span>
      <Counts trans={trans} parts={parts} />
      <span className="jp-datum-grow" />
      {failed && retry ? (
        <RetrySome
          {...place}
          command={Commands.retrySelection}
          args={{ filter: retry.filter }}
          many={failed}
          busy={stillBusy(trans, run)}
          why={whyNot(trans, run)}
        />
      ) : null}
      <TableButton model={model} range={range} />
      <button
        className="jp-datum-button"
        data-kind="icon"
        aria-label={trans.__('Select nothing')}
        title={trans.__('Select nothing (Escape)')}
        onClick={() => model.select(null)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** The same datums as rows of the table. */
function TableButton(props: { model: MapModel; range: Range }): JSX.Element | null {
  const { trans } = useHost();
  const { model, range } = props;
  const words = wordsOf(model.order, range);
  return words ? (
    <CommandButton
      command={Commands.openRun}
      args={{ project: model.run.project, run: model.run.uuid, tab: 'table', filter: words.filter }}
      label={words.exact ? trans.__('As table') : trans.__('As table: %1', words.filter)}
    />
  ) : null;
}
