/** What a run says beside its counts: why it waits or went wrong, and what it left undone. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { ENDED } from '../tokens';
import type { INoted, IRunModel } from '../tokens';
import { count, oneLine, stillFailed } from './format';
import { Note, useHost } from './parts';
import { RetryFailed } from './retry';

/** Sentences of the input that are shown; where there are more, the run's page has them. */
const SENTENCES = 3;

/** All of it, what is worst first. */
export function Said(props: {
  run: IRunModel;
  /** Of a cell's output: others may have it without the ledger, and a newer run may be at hand. */
  output?: 'newest' | 'old';
}): JSX.Element {
  const { run, output } = props;
  return (
    <>
      <Sentence run={run} error={output ? null : run.error} />
      {output === 'old' ? null : <StillFailed run={run} />}
      <Missing run={run} />
      <Noted run={run} />
    </>
  );
}

function ended(run: IRunModel): boolean {
  return run.counts !== null && ENDED.has(run.counts.status);
}

function Sentence(props: { run: IRunModel; error: string | null }): JSX.Element | null {
  const { trans } = useHost();
  const { error } = props;
  const { counts, info } = props.run;
  const message = error ?? info?.message;
  switch (counts?.status) {
    case 'interrupted':
      return <Note>{trans.__('The runner ended before the run did; what is done is kept.')}</Note>;
    case 'paused':
    case 'error':
    case 'held':
    case 'running': // no worker can start, or nothing comes yet
      return message ? <Note>{oneLine(message)}</Note> : null;
    default:
      return error ? <Note>{oneLine(error)}</Note> : null;
  }
}

/** What the input lacked: datums that wait for failed ones of another transform, say. */
function Missing(props: { run: IRunModel }): JSX.Element | null {
  const { run } = props;
  const missing = run.info?.missing ?? [];
  if (!missing.length || !ended(run)) {
    return null;
  }
  return (
    <Note>
      {missing.slice(0, SENTENCES).map((sentence, at) => (
        <div key={at}>{oneLine(sentence)}</div>
      ))}
    </Note>
  );
}

/** A retry of some must not hide that others are failed still. */
function StillFailed(props: { run: IRunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  const still = stillFailed(run.info);
  if (!still || !ended(run)) {
    return null;
  }
  return (
    <Note
      action={
        <RetryFailed
          project={run.project}
          run={run.uuid}
          failed={still}
          why={run.info?.retryable}
        />
      }
    >
      {trans._n(
        '1 datum that failed before was not part of this run.',
        '%2 datums that failed before were not part of this run.',
        still,
        count(still)
      )}
    </Note>
  );
}

/** What happened to files on the way, and what was to be said of the input. */
function Noted(props: { run: IRunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  const { noted, left } = run.info ?? {};
  const lines = ended(run) ? notedLines(trans, noted ?? null, left?.['output edited by hand']) : [];
  return lines.length ? (
    <ul className="jp-datum-noted">
      {lines.map((line, at) => (
        <li key={at}>{line}</li>
      ))}
    </ul>
  ) : null;
}

function notedLines(trans: TranslationBundle, noted: INoted | null, kept = 0): string[] {
  const { dirty = 0, pruned = null, not_pruned: stayed = null, notes = [] } = noted ?? {};
  return [
    dirty
      ? trans._n(
          'An input of 1 datum changed while it was processed: it runs again next time.',
          'Inputs of %2 datums changed while they were processed: they run again next time.',
          dirty,
          count(dirty)
        )
      : '',
    kept
      ? trans._n(
          '1 output that was edited by hand was kept as it is.',
          '%2 outputs that were edited by hand were kept as they are.',
          kept,
          count(kept)
        )
      : '',
    pruned?.files
      ? trans._n(
          '1 output of a vanished input was removed.',
          '%2 outputs of vanished inputs were removed.',
          pruned.files,
          count(pruned.files)
        )
      : '',
    pruned?.edited
      ? trans._n(
          '1 output of a vanished input stays, as it was edited by hand.',
          '%2 outputs of vanished inputs stay, as they were edited by hand.',
          pruned.edited,
          count(pruned.edited)
        )
      : '',
    stayed ? trans.__('Nothing was pruned: %1', oneLine(stayed)) : '',
    ...notes.slice(0, SENTENCES).map(oneLine)
  ].filter(Boolean);
}
