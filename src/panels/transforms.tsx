/** The transforms of the notebook, and the workers of the run. */
import React from 'react';

import { Glyph } from '../icons';
import type { IRow, PanelModel } from '../models/panel';
import type { RunModel } from '../models/run';
import { Commands, ENDED } from '../tokens';
import type { IWorker } from '../tokens';
import { count, datumName, oneLine, percent, span, statusState, statusWord } from './format';
import { Bar, doneOf, useHost, useSignals } from './parts';

/** One row a transform. */
export function TransformsView(props: { panel: PanelModel }): JSX.Element {
  const { trans } = useHost();
  const { panel } = props;
  return (
    <div className="jp-datum-transforms" role="listbox" aria-label={trans.__('Transforms')}>
      {panel.rows.map(row => (
        <TransformRow key={row.name} row={row} panel={panel} />
      ))}
    </div>
  );
}

function TransformRow(props: { row: IRow; panel: PanelModel }): JSX.Element {
  const { trans, commands } = useHost();
  const { row, panel } = props;
  const { run } = row;
  const selected = row.name === panel.selected;
  const status = run
    ? statusWord(trans, run.status)
    : panel.unreadable
      ? trans.__('not known')
      : trans.__('has not run');
  return (
    <button
      className="jp-datum-transform"
      role="option"
      aria-selected={selected}
      title={`${row.name}: ${status}`}
      onClick={() => panel.select(row.name)}
      onDoubleClick={() =>
        void commands.execute(Commands.showCell, { name: row.name }).catch(() => undefined)
      }
    >
      <Glyph state={run ? statusState(run.status) : 'pending'} label={status} />
      <span className="jp-datum-cut" data-elsewhere={row.cell === null}>
        {oneLine(row.name)}
      </span>
      {run ? <Bar counts={run} total={run.total} thin /> : <span />}
      <span className="jp-datum-right">
        {run ? <RowFigure row={row} /> : panel.unreadable ? '' : trans.__('not run')}
      </span>
    </button>
  );
}

function RowFigure(props: { row: IRow }): JSX.Element {
  const { trans } = useHost();
  const run = props.row.run;
  if (!run) {
    return <></>;
  }
  if (!ENDED.has(run.status) || (run.cancelled && !run.failed)) {
    return <>{percent(doneOf(run, run.total), run.total)}</>;
  }
  if (run.failed) {
    return <b className="jp-datum-bad">{trans.__('%1 failed', count(run.failed))}</b>;
  }
  return <span className="jp-datum-muted">{count(run.total)}</span>;
}

/** What stands in the header of the workers. */
export function WorkersSummary(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  useSignals(props.run.changed);
  const up = props.run.workers.filter(worker => worker.up);
  // Where the run has ended, the last word of its workers is out of date.
  const busy = up.filter(worker => worker.position !== null && !props.run.ended);
  return <>{up.length ? trans.__('%1 of %2 busy', busy.length, up.length) : trans.__('none')}</>;
}

/** One row a worker. */
export function WorkersView(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  if (!run.workers.length) {
    return <div className="jp-datum-body jp-datum-muted">{trans.__('No worker is up.')}</div>;
  }
  return (
    <div className="jp-datum-workers" role="list" aria-label={trans.__('Workers')}>
      {run.workers.map(worker => (
        <WorkerRow key={worker.worker} worker={worker} ended={run.ended} />
      ))}
    </div>
  );
}

function WorkerRow(props: { worker: IWorker; ended: boolean }): JSX.Element {
  const { trans } = useHost();
  const { worker, ended } = props;
  const busy = Boolean(worker.up) && worker.position !== null && !ended;
  const word = !worker.up ? trans.__('gone') : busy ? trans.__('busy') : trans.__('idle');
  const since = busy && worker.since ? Math.max(0, Date.now() / 1000 - worker.since) : null;
  return (
    <div
      className="jp-datum-worker"
      role="listitem"
      title={[worker.host, worker.pid].filter(Boolean).join(', ')}
    >
      <Glyph state={!worker.up ? 'cancelled' : busy ? 'running' : 'pending'} label={word} />
      <span className="jp-datum-cut">{oneLine(worker.worker)}</span>
      <span className="jp-datum-cut-start jp-datum-muted">
        <bdi>
          {busy && worker.position !== null
            ? datumName(trans, { key: worker.key, position: worker.position })
            : word}
        </bdi>
      </span>
      <span className="jp-datum-right jp-datum-muted jp-datum-small">
        {since !== null && since >= 1 ? span(since) : ''}
      </span>
      <span className="jp-datum-right">
        {worker.done ? trans.__('%1 done', count(worker.done)) : ''}
      </span>
    </div>
  );
}
