/** What a run waits for: workers on their way, and those who take what it makes. */
import React from 'react';

import type { RunModel } from '../models/run';
import type { ICluster, IFeed } from '../tokens';
import { clock, count, oneLine } from './format';
import { useClock, useHost } from './parts';

/** What the run waits for: workers on their way, or who takes what it makes. */
export function ClusterLine(props: { run: RunModel }): JSX.Element | null {
  const { run } = props;
  const { info, cluster } = run;
  if (!info || run.ended) {
    return null;
  }
  return (
    <>
      {cluster && tells(cluster, run) ? <Coming cluster={cluster} /> : null}
      {info.feed ? <Feed feed={info.feed} /> : null}
    </>
  );
}

/** Whether its state says more than that of the run: in a pause nobody has anything to do. */
function tells({ state }: ICluster, { counts }: RunModel): boolean {
  return state !== 'ready' && !(state === 'idle' && counts?.status === 'paused');
}

/** Workers on their way: how far, for how long, and what the engine says of it. */
function Coming(props: { cluster: ICluster }): JSX.Element {
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
  return (
    <div className="jp-datum-muted jp-datum-small" data-cluster={state}>
      {`${words[state] ?? oneLine(state)} · ${clock(Date.now() / 1000 - since)}`}
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
