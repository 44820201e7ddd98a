/** Who works at the run, who has, and how they ended. */
import React from 'react';

import { useLater, useTiming } from '../charts/timing';
import { shortSpan } from '../charts/scale';
import { Glyph } from '../../icons';
import { ClusterLine } from '../../panels/clusterline';
import { bytes, count, datumName, oneLine, share as percentOf } from '../../panels/format';
import { Note, useClock, useHost, useSignals } from '../../panels/parts';
import { Commands } from '../../tokens';
import type { ICrew, IWorker, State } from '../../tokens';
import type { ITabProps } from '../tab';

export default function WorkersTab(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { run } = model;
  useSignals(run.changed);
  useClock(!run.ended);
  const [timing, ref] = useTiming(model, null);
  const later = useLater(timing.answer);
  const crew = crewOf(timing.answer?.workers ?? [], run.workers, run.ended);
  return (
    <div ref={ref} className="jp-datum-view">
      {timing.error ? <Note>{oneLine(timing.error)}</Note> : null}
      <div>
        <div className="jp-datum-view-title">
          <span>
            <Summary crew={crew} ended={run.ended} devices={timing.answer?.devices ?? null} />
          </span>
        </div>
        <ClusterLine run={run} />
      </div>
      {crew.length ? (
        <CrewTable {...props} crew={crew} later={later} />
      ) : (
        <p className="jp-datum-muted">
          {timing.answer || timing.error ? trans.__('No worker is up.') : trans.__('Reading …')}
        </p>
      )}
    </div>
  );
}

/** What was asked for, with what the stream has told since: it is the newer one. */
export function crewOf(asked: readonly ICrew[], told: readonly IWorker[], ended: boolean): ICrew[] {
  const now = new Map(told.map(one => [one.worker, one]));
  const known = asked.map(one => {
    const newer = ended || one.state === 'gone' ? undefined : now.get(one.worker);
    return newer ? { ...one, ...fields(newer), done: Math.max(one.done, newer.done) } : one;
  });
  const names = new Set(asked.map(one => one.worker));
  const others = told.filter(one => one.up && !names.has(one.worker)).map(fresh);
  return [...known, ...others];
}

function fields(one: IWorker): Pick<ICrew, 'position' | 'key' | 'since' | 'done' | 'state'> {
  const { position, key, since, done } = one;
  return { position, key, since, done, state: position === null ? 'idle' : 'busy' };
}

function fresh(one: IWorker): ICrew {
  const { worker, pid, host, up, memory = null, device = null } = one;
  const unknown = { cause: null, gone: null, died: false, seconds: 0, busy: null };
  return { worker, pid, host, up: Number(up ?? 0), memory, device, ...fields(one), ...unknown };
}

function Summary(props: {
  crew: readonly ICrew[];
  ended: boolean;
  devices: string | null;
}): JSX.Element {
  const { trans } = useHost();
  const { crew, ended, devices } = props;
  const up = crew.filter(one => one.state !== 'gone');
  const busy = up.filter(one => one.position !== null).length;
  const died = crew.filter(one => one.died).length;
  const words = [
    ended
      ? trans._n('1 worker', '%2 workers', crew.length, count(crew.length))
      : trans.__('%1 of %2 busy', count(busy), count(up.length))
  ];
  if (devices) {
    words.push(trans.__('on %1', oneLine(devices)));
  }
  return (
    <>
      {words.join(' · ')}
      {died ? (
        <span className="jp-datum-state jp-datum-after" data-state="failed">
          <Glyph state="failed" />
          {trans._n('1 died', '%2 died', died, count(died))}
        </span>
      ) : null}
    </>
  );
}

function CrewTable(props: ITabProps & { crew: readonly ICrew[]; later: number }): JSX.Element {
  const { trans } = useHost();
  const { model, crew } = props;
  const { ended } = model.run;
  const memory = crew.some(one => one.memory !== null);
  // Nobody is at work after the end; why one left before it is still worth knowing.
  const at = !ended || crew.some(one => one.cause);
  return (
    <table className="jp-datum-crew" aria-label={trans.__('Workers')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('Worker')}</th>
          {at ? <th scope="col">{ended ? trans.__('Ended') : trans.__('At work on')}</th> : null}
          {ended ? null : (
            <th scope="col" className="jp-datum-right">
              {trans.__('Since')}
            </th>
          )}
          <th scope="col" className="jp-datum-right">
            {trans.__('Done')}
          </th>
          <th scope="col" className="jp-datum-crew-busy">
            {trans.__('Busy')}
          </th>
          {memory ? (
            <th scope="col" className="jp-datum-right jp-datum-crew-memory">
              {trans.__('Memory')}
            </th>
          ) : null}
          <th scope="col">{trans.__('Host, process')}</th>
        </tr>
      </thead>
      <tbody>
        {crew.map(one => (
          <CrewRow
            key={one.worker}
            {...{ one, memory, at, ended }}
            project={model.project}
            run={model.run.uuid}
          />
        ))}
      </tbody>
    </table>
  );
}

function CrewRow(props: {
  one: ICrew;
  memory: boolean;
  at: boolean;
  project: string;
  run: string;
  ended: boolean;
}): JSX.Element {
  const { trans } = useHost();
  const { one, memory, at, ended } = props;
  const busy = one.state !== 'gone' && one.position !== null && !ended;
  const [state, word] = stateOf(trans, one, busy);
  const since = busy && one.since ? Math.max(0, Date.now() / 1000 - one.since) : null;
  return (
    <tr data-gone={one.state === 'gone' ? 'true' : undefined}>
      <th scope="row">
        <span className="jp-datum-row">
          <Glyph state={state} label={word} />
          <span className="jp-datum-cut">{oneLine(one.worker)}</span>
        </span>
      </th>
      {at ? (
        <td className="jp-datum-crew-at" colSpan={busy || ended ? 1 : 2}>
          {busy ? (
            <At {...props} />
          ) : (
            <span className={one.died ? 'jp-datum-bad' : 'jp-datum-muted'}>
              {one.cause ? oneLine(one.cause) : ended ? '' : word}
            </span>
          )}
        </td>
      ) : null}
      {busy ? (
        <td className="jp-datum-right">{since !== null && since >= 1 ? shortSpan(since) : ''}</td>
      ) : null}
      <td className="jp-datum-right">{count(one.done)}</td>
      <td className="jp-datum-crew-busy">
        <Meter share={one.busy} />
      </td>
      {memory ? (
        <td className="jp-datum-right jp-datum-crew-memory">
          {one.memory === null ? '' : bytes(one.memory)}
        </td>
      ) : null}
      <td className="jp-datum-muted jp-datum-cut">
        {[one.host, one.pid, one.device].filter(Boolean).map(String).map(oneLine).join(', ')}
      </td>
    </tr>
  );
}

function stateOf(
  trans: ReturnType<typeof useHost>['trans'],
  one: ICrew,
  busy: boolean
): [State, string] {
  if (one.died) {
    return ['failed', trans.__('died')];
  }
  if (one.state === 'gone') {
    return ['cancelled', trans.__('gone')];
  }
  return busy ? ['running', trans.__('busy')] : ['pending', trans.__('idle')];
}

function At(props: { one: ICrew; project: string; run: string }): JSX.Element {
  const { trans, commands } = useHost();
  const { one, project, run } = props;
  const position = one.position ?? 0;
  const name = datumName(trans, { key: one.key, position });
  const open = () =>
    void commands.execute(Commands.openDatum, { project, run, position }).catch(() => undefined);
  return (
    <button className="jp-datum-name-link" title={trans.__('Open %1', name)} onClick={open}>
      <span className="jp-datum-cut-start">
        <bdi>{name}</bdi>
      </span>
    </button>
  );
}

function Meter(props: { share: number | null }): JSX.Element | null {
  const { share } = props;
  if (share === null) {
    return null;
  }
  return (
    <span className="jp-datum-share">
      <span className="jp-datum-share-bar" aria-hidden="true">
        <i style={{ width: `${share * 100}%` }} />
      </span>
      {percentOf(share)}
    </span>
  );
}
