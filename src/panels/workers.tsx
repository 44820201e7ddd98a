/** The workers of a run, what they are at and hold, and which of them are gone. */
import React from 'react';

import { Glyph } from '../icons';
import type { RunModel } from '../models/run';
import type { IWorker } from '../tokens';
import { isUp } from './atwork';
import { bytes, count, datumName, oneLine, span } from './format';
import { useClock, useHost, useSignals } from './parts';

/** Rows that are drawn: more tell nobody more. */
const DRAWN = 64;
/** Of a worker's share of the memory, how much is much. */
const MUCH = 0.8;

/** One row a worker. */
export const WorkersView = React.memo(function WorkersView(props: {
  run: RunModel;
  /** Bytes that all workers of this machine may use together; null: not known. */
  memory?: number | null;
}): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  useClock(!run.ended && !run.lost && run.workers.some(worker => worker.position !== null));
  const up = run.workers.filter(isUp);
  const gone = run.workers.filter(worker => !isUp(worker) && worker.cause);
  const share = shareOf(up, props.memory ?? null);
  return (
    <>
      <ClusterState run={run} />
      {up.length ? (
        <div className="jp-datum-workers" role="list" aria-label={trans.__('Workers')}>
          {up.slice(0, DRAWN).map(worker => (
            <WorkerRow key={worker.worker} worker={worker} ended={run.ended} share={share} />
          ))}
        </div>
      ) : (
        <div className="jp-datum-body jp-datum-muted">{trans.__('No worker is up.')}</div>
      )}
      {up.length > DRAWN ? (
        <div className="jp-datum-body jp-datum-muted jp-datum-small">
          {trans.__('and %1 more', count(up.length - DRAWN))}
        </div>
      ) : null}
      {gone.length ? <Gone workers={gone} /> : null}
    </>
  );
});

/** What a worker's meter is full at: its share of the machine, or somewhat over the largest. */
function shareOf(workers: readonly IWorker[], memory: number | null): number {
  const held = workers.map(worker => worker.memory ?? 0);
  return Math.max(memory && held.length ? memory / held.length : 0, ...held.map(n => n * 1.25));
}

/** Its engine, devices and batches, and how the cluster stands. */
function ClusterState(props: { run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { info, cluster, ended } = props.run;
  if (!info) {
    return null;
  }
  const { gpus, batch } = info.options ?? {};
  const states = {
    requested: trans.__('workers were asked for'),
    starting: trans.__('workers start'),
    ready: trans.__('ready'),
    idle: trans.__('nothing to do'),
    'giving back': trans.__('workers are given back'),
    gone: trans.__('workers are gone')
  };
  const words = [
    oneLine(info.engine),
    gpus ? trans.__('gpus %1', oneLine(String(gpus))) : '',
    batch ? trans.__('batches of %1', count(Number(batch))) : '',
    cluster && !ended ? (states[cluster.state] ?? oneLine(cluster.state)) : ''
  ];
  return (
    <div className="jp-datum-cluster-line jp-datum-muted jp-datum-small">
      {words.filter(Boolean).join(' · ')}
    </div>
  );
}

function WorkerRow(props: { worker: IWorker; ended: boolean; share: number }): JSX.Element {
  const { trans } = useHost();
  const { worker, ended, share } = props;
  const busy = worker.position !== null && !ended;
  const word = busy ? trans.__('busy') : trans.__('idle');
  const since = busy && worker.since ? Math.max(0, Date.now() / 1000 - worker.since) : null;
  const slow = busy && worker.slow === true;
  return (
    <div
      className="jp-datum-worker"
      role="listitem"
      title={[worker.host, worker.pid, worker.device].filter(Boolean).join(', ')}
    >
      <Glyph state={busy ? 'running' : 'pending'} label={word} />
      <span className="jp-datum-cut">
        {oneLine(worker.worker)} <span className="jp-datum-muted">{deviceWord(trans, worker)}</span>
      </span>
      <At worker={worker} word={word} busy={busy} />
      <span className="jp-datum-right jp-datum-small" data-slow={slow ? true : undefined}>
        {since !== null && since >= 1 ? (
          <>
            {slow ? <Glyph state="interrupted" label={trans.__('slow')} /> : null}
            {span(since)}
          </>
        ) : worker.done ? (
          trans.__('%1 done', count(worker.done))
        ) : (
          ''
        )}
      </span>
      <Memory held={worker.memory ?? null} share={share} />
    </div>
  );
}

function deviceWord(trans: ReturnType<typeof useHost>['trans'], worker: IWorker): string {
  return worker.device ? trans.__('gpu %1', oneLine(worker.device)) : trans.__('cpu');
}

/** The datum at work, and how many wait behind it. */
function At(props: { worker: IWorker; word: string; busy: boolean }): JSX.Element {
  const { trans } = useHost();
  const { worker, word, busy } = props;
  const behind = busy ? (worker.behind ?? 0) : 0;
  return (
    <span className="jp-datum-at jp-datum-muted">
      <span className="jp-datum-cut-start">
        <bdi>
          {busy && worker.position !== null
            ? datumName(trans, { key: worker.key, position: worker.position })
            : word}
        </bdi>
      </span>
      {behind ? (
        <span title={trans._n('1 waits behind it', '%2 wait behind it', behind, count(behind))}>
          {`+${count(behind)}`}
        </span>
      ) : null}
    </span>
  );
}

/** How much memory a worker holds, of what it may. */
function Memory(props: { held: number | null; share: number }): JSX.Element {
  const { trans } = useHost();
  const { held, share } = props;
  if (held === null) {
    return <span className="jp-datum-memory" />;
  }
  const part = Math.min(1, held / Math.max(1, share));
  const much = part > MUCH;
  return (
    <span
      className="jp-datum-memory"
      data-much={much ? true : undefined}
      title={trans.__('%1 of memory', bytes(held))}
    >
      <span className="jp-datum-meter" aria-hidden="true">
        <i style={{ width: `${Math.max(4, part * 100)}%` }} />
      </span>
      <span className="jp-datum-small">{bytes(held)}</span>
    </span>
  );
}

/** The last that died or were replaced, and why. */
function Gone(props: { workers: readonly IWorker[] }): JSX.Element {
  const { trans } = useHost();
  return (
    <div className="jp-datum-gone" role="list" aria-label={trans.__('Workers that are gone')}>
      {props.workers.map(worker => (
        <div key={worker.worker} className="jp-datum-gone-row" role="listitem">
          <Glyph state="cancelled" label={trans.__('gone')} />
          <span>{oneLine(worker.worker)}</span>
          <span className="jp-datum-muted jp-datum-small jp-datum-wrap">
            {oneLine(worker.cause ?? '')}
            {worker.gone
              ? ` · ${trans.__('%1 ago', span(Math.max(1, Math.round(Date.now() / 1000 - worker.gone))))}`
              : ''}
          </span>
        </div>
      ))}
    </div>
  );
}
