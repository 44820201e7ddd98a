/** The line on top of a run document: which run, how far, what can be done. */
import React from 'react';

import type { DocumentModel } from '../models/document';
import { count, clock, percent, rate, statusState, statusWord } from '../panels/format';
import {
  Bar,
  byState,
  CommandButton,
  doneOf,
  StateWord,
  useHost,
  useSignals
} from '../panels/parts';
import { Commands, ENDED } from '../tokens';

/** Nothing in it wraps: what has no room goes, the state and the failures never. */
export function Header(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props.model;
  useSignals(run.changed);
  const { counts, info, total } = run;
  if (!counts) {
    return (
      <div className="jp-datum-document-head">
        <span className="jp-datum-muted">{run.error ?? trans.__('Reading the run …')}</span>
      </div>
    );
  }
  const parts = byState(counts, total);
  const done = doneOf(parts, total);
  return (
    <div className="jp-datum-document-head">
      <h1>{info?.name}</h1>
      <span className="jp-datum-muted">{info ? trans.__('run %1', info.id) : ''}</span>
      <StateWord state={statusState(counts.status)} word={statusWord(trans, counts.status)} />
      <Bar counts={counts} total={total} />
      <span className="jp-datum-nowrap">
        {count(done)}{' '}
        <span className="jp-datum-muted jp-datum-of">
          {trans.__('of %1', count(total))} · {percent(done, total)}
        </span>
      </span>
      {counts.failed ? (
        <StateWord state="failed" word={trans.__('%1 failed', count(counts.failed))} />
      ) : null}
      <Pace model={props.model} />
      <span className="jp-datum-grow" />
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

function Buttons(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props.model;
  const args = { project: run.project, run: run.uuid };
  const { status = 'queued', failed = 0 } = run.counts ?? {};
  const ended = ENDED.has(status);
  const still = status === 'paused' || status === 'interrupted';
  return (
    <span className="jp-datum-actions" role="group" aria-label={trans.__('Run')}>
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
      {failed && ended ? (
        <CommandButton
          command={Commands.retryRecorded}
          args={args}
          icon="retry"
          kind="bad"
          why={run.info?.retryable}
          label={trans.__('Retry %1', count(failed))}
        />
      ) : null}
    </span>
  );
}
