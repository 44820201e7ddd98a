/** What is wrong with a run document as a whole: one sentence, one action. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DocumentModel } from '../models/document';
import type { ITrouble } from '../models/run';
import { oneLine, span } from '../panels/format';
import { CommandButton, Note, useClock, useHost, useSignals } from '../panels/parts';
import { Commands } from '../tokens';
import type { Connection } from '../tokens';

/** Null if nothing is. What is shown still, shown below it is as it was. */
export function Trouble(props: { model: DocumentModel }): JSX.Element | null {
  const { trans } = useHost();
  const { model } = props;
  const { run, runs } = model;
  useSignals(run.changed, runs.changed);
  useClock(runs.connection === 'lost');
  const says =
    ofConnection(trans, runs.connection, runs.heard) ??
    (run.trouble ? ofRun(trans, run.trouble) : null);
  if (says === null) {
    return null;
  }
  return <Note action={<Action model={model} />}>{says}</Note>;
}

/** Why nothing new comes; null while it does, or may. */
function ofConnection(
  trans: TranslationBundle,
  connection: Connection,
  heard: number
): string | null {
  switch (connection) {
    case 'missing':
      return trans.__(
        'The server has no datum extension: install jupyter-datum in its environment and start it anew.'
      );
    case 'older':
      return trans.__(
        'Server and page speak different versions: start the server anew and reload this page.'
      );
    case 'lost':
      return heard
        ? trans.__(
            'No connection to the server; last heard %1 ago.',
            span((Date.now() - heard) / 1000)
          )
        : trans.__('No connection to the server yet.');
    default:
      return null;
  }
}

/** Why the run, or part of it, cannot be shown. */
function ofRun(trans: TranslationBundle, trouble: ITrouble): string {
  switch (trouble.code) {
    case 'folded':
      return trans.__(
        'The map of this old run was put away; its counts, its failures and its datums are there.'
      );
    case 'not-found':
      return trans.__(
        'This run, or its project, is no longer where it was: its folder was moved or removed.'
      );
    case 'ledger':
    case 'foreign':
    case 'refused':
      return oneLine(trouble.message);
    default:
      return trans.__('The run cannot be followed: %1', oneLine(trouble.message));
  }
}

function Action(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { project, run, runs } = props.model;
  if (runs.connection === 'open' && run.trouble?.code === 'folded') {
    return (
      <CommandButton
        command={Commands.openRun}
        args={{ project, run: run.uuid, tab: 'table' }}
        label={trans.__('Show its datums')}
      />
    );
  }
  if (runs.connection === 'open' && run.trouble?.code === 'not-found') {
    return (
      <CommandButton
        command={Commands.openPanel}
        label={trans.__('Show the runs of the notebook')}
      />
    );
  }
  return <CommandButton command={Commands.refresh} icon="refresh" label={trans.__('Try again')} />;
}
