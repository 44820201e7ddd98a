/** The workers of a run, and which datums have been at work the longest. */
import React from 'react';

import { Glyph } from '../icons';
import type { RunModel } from '../models/run';
import { slowest } from '../models/slowest';
import { Commands } from '../tokens';
import type { IWorker } from '../tokens';
import { clock, count, datumName, oneLine, span } from './format';
import { useClock, useHost, useSignals } from './parts';

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

/** Datums that take much longer than the others: at work still, longest first. */
export function Slowest(props: { run: RunModel }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { run } = props;
  useClock(!run.ended);
  const now = Date.now() / 1000;
  const found = run.ended || !run.counts ? [] : slowest(run.workers, run.counts, now);
  if (!found.length) {
    return null;
  }
  return (
    <div className="jp-datum-slowest" role="group" aria-label={trans.__('Slowest at work')}>
      <div className="jp-datum-muted jp-datum-small">{trans.__('Slowest at work')}</div>
      {found.map(({ worker, position, key, seconds }) => {
        const name = datumName(trans, { key, position });
        return (
          <button
            key={position}
            className="jp-datum-slow"
            title={trans.__('Open %1', name)}
            onClick={() =>
              void commands
                .execute(Commands.openDatum, { project: run.project, run: run.uuid, position })
                .catch(() => undefined)
            }
          >
            <span className="jp-datum-cut-start jp-datum-grow">
              <bdi>{name}</bdi>
            </span>
            <span className="jp-datum-muted">{oneLine(worker)}</span>
            <b>{clock(seconds)}</b>
          </button>
        );
      })}
    </div>
  );
}
