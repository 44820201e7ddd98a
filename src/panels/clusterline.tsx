/** What a run runs on: its engine, how many workers it has, and with which devices. */
import React from 'react';

import type { RunModel } from '../models/run';
import { Commands, ENDED } from '../tokens';
import type { ICluster, IFeed } from '../tokens';
import { clock, count, oneLine } from './format';
import { CommandButton, useClock, useHost } from './parts';

/** Milliseconds for which a number that was asked for is shown, if the run does not take it. */
const PATIENCE = 10_000;

/** Engine, workers with less and more, devices, batch. */
export function ClusterLine(props: { run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  const { info } = run;
  if (!info) {
    return null;
  }
  const { gpus, batch } = info.options ?? {};
  const words = [
    oneLine(info.engine),
    gpus ? trans.__('gpus %1', oneLine(String(gpus))) : '',
    batch ? trans.__('batches of %1', count(Number(batch))) : ''
  ];
  const { cluster } = run;
  return (
    <>
      <div className="jp-datum-row jp-datum-cluster">
        <span className="jp-datum-muted jp-datum-wrap jp-datum-grow">
          {words.filter(Boolean).join(' · ')}
        </span>
        <Scale run={run} />
      </div>
      {cluster && !run.ended && cluster.state !== 'ready' ? <Coming cluster={cluster} /> : null}
      {info.feed && !run.ended ? <Feed feed={info.feed} /> : null}
    </>
  );
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
        {trans._n('1 finished datum not taken yet', '%1 finished datums not taken yet', behind)}
      </span>
    </div>
  );
}

function Scale(props: { run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  const [asked, ask] = useAsked(run.counts?.workers ?? 0);
  const { counts, info } = run;
  if (!counts || !asked || ENDED.has(counts.status)) {
    return null;
  }
  const fixed = info?.engine === 'serial' ? trans.__('Serial has one worker') : null;
  const step = (by: number) => ({ project: run.project, run: run.uuid, workers: asked + by });
  const last = asked <= 1 ? trans.__('One is the least') : null;
  const words = trans._n('1 worker', '%1 workers', asked);
  return (
    <span className="jp-datum-row jp-datum-scale" role="group" aria-label={words}>
      <CommandButton
        command={Commands.scale}
        args={step(-1)}
        icon="minus"
        kind="icon"
        why={fixed ?? last}
        label={trans.__('One worker less')}
        onPress={() => ask(asked - 1)}
      />
      <span>{words}</span>
      <CommandButton
        command={Commands.scale}
        args={step(1)}
        icon="plus"
        kind="icon"
        why={fixed}
        label={trans.__('One worker more')}
        onPress={() => ask(asked + 1)}
      />
    </span>
  );
}

/** A number as the run has it, or as it was asked for a moment ago. */
function useAsked(told: number): [number, (n: number) => void] {
  const [asked, setAsked] = React.useState<number | null>(null);
  React.useEffect(() => setAsked(null), [told]);
  React.useEffect(() => {
    const timer = asked === null ? 0 : window.setTimeout(() => setAsked(null), PATIENCE);
    return () => window.clearTimeout(timer);
  }, [asked]);
  return [asked ?? told, setAsked];
}
