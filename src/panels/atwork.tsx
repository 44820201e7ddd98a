/** Who is at work in a run: how many workers, and the datums that take long. */
import React from 'react';

import type { RunModel } from '../models/run';
import { slowest } from '../models/slowest';
import { Commands } from '../tokens';
import type { IWorker } from '../tokens';
import { clock, datumName, oneLine } from './format';
import { useClock, useHost, useSignals } from './parts';

/** Whether a worker is there; one that is gone has its cause. */
export function isUp(worker: IWorker): boolean {
  return Boolean(worker.up) && worker.state !== 'gone';
}

/** What stands in the header of the workers. */
export function WorkersSummary(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  useSignals(props.run.changed);
  const up = props.run.workers.filter(isUp);
  // Where the run has ended, the last word of its workers is out of date.
  const busy = up.filter(worker => worker.position !== null && !props.run.ended);
  return <>{up.length ? trans.__('%1 of %2 busy', busy.length, up.length) : trans.__('none')}</>;
}

/** Datums that take much longer than the others: at work still, longest first. */
export function Slowest(props: { run: RunModel }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { run } = props;
  const quiet = run.ended || run.lost; // what is at work is not known then
  useClock(!quiet);
  const now = Date.now() / 1000;
  const found = quiet || !run.counts ? [] : slowest(run.workers, run.counts, now);
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
