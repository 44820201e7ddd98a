/** The line on top of a run document: which run, how far, what can be done. */
import React from 'react';

import { Icon } from '../icons';
import type { DocumentModel } from '../models/document';
import {
  clock,
  count,
  failedWord,
  noAlarm,
  ofAll,
  percent,
  rate,
  span,
  statusState,
  standing
} from '../panels/format';
import { openMenu } from './menu';
import type { IMenuItem } from './menu';
import {
  Bar,
  byState,
  CommandButton,
  doneOf,
  FailedWord,
  StateWord,
  useClock,
  useHost,
  useRead,
  useSignals
} from '../panels/parts';
import { Newest, useNewest } from '../panels/newer';
import { RetryFailed } from '../panels/retry';
import { Commands, ENDED } from '../tokens';

/** Nothing in it wraps: what has no room goes, the state and the failures never. */
export function Header(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { run, runs } = props.model;
  useSignals(run.changed);
  const newest = useNewest(run, runs);
  const { counts, info, total } = run;
  if (!counts) {
    return (
      <div className="jp-datum-document-head">
        <h1>{info?.name ?? trans.__('The run')}</h1>
        <span className="jp-datum-muted">{run.error ? '' : trans.__('Reading the run …')}</span>
      </div>
    );
  }
  const parts = byState(counts, total);
  const done = doneOf(parts, total);
  return (
    <div className="jp-datum-document-head">
      <h1 title={info?.name}>{info?.name}</h1>
      <span className="jp-datum-muted jp-datum-head-run">
        {info ? trans.__('run %1', info.id) : ''}
      </span>
      <span
        className={`jp-datum-head-state ${noAlarm(counts) ? 'jp-datum-no-alarm' : ''}`}
        data-state={statusState(counts.status)}
        title={standing(trans, counts)}
      >
        <StateWord state={statusState(counts.status)} word={standing(trans, counts)} />
      </span>
      {total || !run.ended ? (
        <>
          <Bar counts={counts} total={total} />
          <span className="jp-datum-nowrap">
            <span className={counts.planned ? 'jp-datum-head-of' : ''}>
              {count(done)} <span className="jp-datum-muted">{ofAll(trans, counts, total)}</span>
              {counts.planned ? ' · ' : ''}
            </span>
            {counts.planned ? <span className="jp-datum-muted">{percent(done, total)}</span> : null}
          </span>
        </>
      ) : (
        <span className="jp-datum-muted">{trans.__('no datum matched')}</span>
      )}
      {counts.failed ? (
        <span className="jp-datum-head-failed" title={failedWord(trans, counts)}>
          <FailedWord counts={counts} />
        </span>
      ) : null}
      <Pace model={props.model} />
      <span className="jp-datum-grow" />
      <Fresh model={props.model} />
      <Newest run={run} newest={newest} />
      <Buttons model={props.model} />
    </div>
  );
}

function Pace(props: { model: DocumentModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props.model;
  if (run.counts?.status !== 'running' || !run.rate) {
    return null;
  }
  const words = [trans.__('%1/s', rate(run.rate))];
  if (run.eta) {
    words.push(trans.__('%1 left', clock(run.eta[0])));
  }
  return <span className="jp-datum-muted jp-datum-head-pace">{words.join(' · ')}</span>;
}

/** How old the figures are: of interest while they change, and more so when they no longer do. */
function Fresh(props: { model: DocumentModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run, runs } = props.model;
  useSignals(runs.changed);
  const lost = runs.connection === 'lost';
  const going = run.counts !== null && !ENDED.has(run.counts.status);
  useClock(lost || going);
  if (!runs.heard || !(lost || going)) {
    return null;
  }
  const seconds = Math.max(0, Date.now() - runs.heard) / 1000;
  const age = span(seconds);
  return (
    <span className="jp-datum-muted jp-datum-fresh" data-lost={lost}>
      {lost
        ? trans.__('offline, as of %1 ago', age)
        : seconds < 1
          ? trans.__('updated just now')
          : trans.__('updated %1 ago', age)}
    </span>
  );
}

/** They change with the run's status: its figures come several times a second. */
const Buttons = React.memo(function Buttons(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props.model;
  useRead(() => {
    const { status, failed } = run.counts ?? {};
    return [status, run.ended && failed, run.info?.retryable].join();
  }, run.changed);
  const args = { project: run.project, run: run.uuid };
  const { status = 'queued', failed = 0 } = run.counts ?? {};
  const ended = ENDED.has(status);
  const still = status === 'paused' || status === 'interrupted';
  return (
    <span className="jp-datum-actions" role="group" aria-label={trans.__('The run')}>
      {still ? (
        <CommandButton
          command={Commands.resume}
          args={args}
          icon="play"
          kind="main"
          label={trans.__('Resume')}
        />
      ) : null}
      {!still && !ended ? (
        <CommandButton
          command={Commands.pause}
          args={args}
          icon="pause"
          label={trans.__('Pause')}
          disabled={status !== 'running'}
        />
      ) : null}
      {ended ? null : (
        <CommandButton
          command={Commands.stop}
          args={args}
          icon="stop"
          label={trans.__('Stop')}
          disabled={status === 'cancelling'}
        />
      )}
      {failed && ended ? <RetryFailed {...args} failed={failed} why={run.info?.retryable} /> : null}
      <More model={props.model} />
    </span>
  );
});

/** What one does more seldom. */
function More(props: { model: DocumentModel }): JSX.Element {
  const { trans, commands } = useHost();
  const { run } = props.model;
  const { project, uuid } = run;
  const transform = run.info?.name ?? '';
  const items = (): IMenuItem[] =>
    (
      [
        [Commands.openPanel, { name: transform }, trans.__('Show in the panel')],
        [Commands.showCell, { name: transform }, trans.__('Show its cell')],
        [Commands.detach, { project, run: uuid }, trans.__('Detach the cell that waits')],
        [Commands.showLog, { project, run: uuid }, trans.__('Show its log')],
        ['datum:report', { project, transform }, trans.__('Write a report')],
        ['datum:export', { project, run: uuid, filter: '' }, trans.__('Export as CSV')],
        [Commands.copyId, { text: uuid }, trans.__('Copy the id of the run')]
      ] as const
    )
      .filter(([id]) => commands.hasCommand(id))
      .map(([id, args, label]) => ({
        label,
        disabled: id === Commands.detach && (run.ended || run.detached),
        execute: () => commands.execute(id, args).catch(() => undefined) // it has told the user
      }));
  return (
    <button
      className="jp-datum-button"
      data-kind="icon"
      aria-haspopup="menu"
      aria-label={trans.__('More to do with the run')}
      title={trans.__('More to do with the run')}
      onClick={event => openMenu(event.currentTarget, items())}
    >
      <Icon name="more" />
    </button>
  );
}
