/** What a run waits for: workers on their way, and those who take what it makes. */
import React from 'react';

import type { RunModel } from '../models/run';
import type { ICluster, IFeed } from '../tokens';
import { clock, count, oneLine } from './format';
import { useClock, useHost } from './parts';

/**
 * What the run waits for: workers on their way, or who takes what it makes.
 *
 * @param props.told - whether the workers on their way are told of beside it.
 */
export function ClusterLine(props: { run: RunModel; told?: boolean }): JSX.Element | null {
  const { run, told } = props;
  const cluster = coming(run);
  const feed = run.ended ? null : run.info?.feed;
  return (
    <>
      {cluster && !told ? <Coming cluster={cluster} /> : null}
      {feed ? <Feed feed={feed} /> : null}
    </>
  );
}

/** The cluster of a run that has to wait for it; null: it need not. */
export function coming(run: RunModel): ICluster | null {
  const { info, cluster } = run;
  return info && !run.ended && cluster && tells(cluster, run) ? cluster : null;
}

/** Whether its state says more than that of the run: in a pause nobody has anything to do. */
function tells({ state }: ICluster, { counts }: RunModel): boolean {
  return state !== 'ready' && !(state === 'idle' && counts?.status === 'paused');
}

/** Workers on their way: how far, for how long, and what the engine says of it. */
export function Coming(props: { cluster: ICluster; cut?: boolean }): JSX.Element {
  const { trans } = useHost();
  const { state, since, up, wanted, message } = props.cluster;
  useClock(true);
  const words = {
    requested: trans.__('workers were asked for'),
    starting: wanted
      ? trans.__('workers start: %1 of %2', count(up), count(wanted))
      : trans.__('workers start: %1', count(up)),
    ready: trans.__('workers are ready'),
    idle: trans.__('workers have nothing to do'),
    'giving back': trans.__('workers are given back'),
    gone: trans.__('workers are gone')
  };
  const said = `${words[state] ?? oneLine(state)} · ${clock(Date.now() / 1000 - since)}`;
  return (
    <div
      className={`jp-datum-muted jp-datum-small ${props.cut ? 'jp-datum-cut' : ''}`}
      title={props.cut ? said : undefined}
      data-cluster={state}
    >
      {said}
      {message ? ` · ${oneLine(message)}` : null}
    </div>
  );
}

/** Whether the run or those who take what it makes have to wait. */
function Feed(props: { feed: IFeed }): JSX.Element {
  const { trans } = useHost();
  const { bound, behind } = props.feed;
  const word =
    bound === 'feed'
      ? trans.__('feed-bound')
      : bound === 'consumer'
        ? trans.__('consumer-bound')
        : trans.__('streamed');
  const title =
    bound === 'feed'
      ? trans.__('Who takes the results waits for datums: more workers would help')
      : trans.__('Finished datums wait for who takes them: more workers would not help');
  return (
    <div className="jp-datum-row jp-datum-small" data-feed={bound ?? 'early'}>
      <b title={bound ? title : undefined}>{word}</b>
      <span className="jp-datum-muted">
        {trans._n(
          '1 finished datum not taken yet',
          '%2 finished datums not taken yet',
          behind,
          count(behind)
        )}
      </span>
    </div>
  );
}
