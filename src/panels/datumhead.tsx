/** The first line of a datum: what became of it, which one it is, and what can be done. */
import React from 'react';

import { Icon } from '../icons';
import type { IconName } from '../icons';
import type { DatumModel } from '../models/datum';
import type { RunModel } from '../models/run';
import { Commands } from '../tokens';
import type { IDatum, IDatumDetail } from '../tokens';
import { count, datumName, stateWord } from './format';
import { openMenu } from './menu';
import type { IItem } from './menu';
import { CommandButton, StateWord, useHost, useSignals } from './parts';
import { RetrySome } from './retry';
import { stillBusy, whyNot } from './why';

/** Commands of other plugins, offered where they are there. */
const OTHERS = {
  notebook: 'datum:open-in-notebook',
  debug: 'datum:debug-datum',
  compare: 'datum:compare-last-good',
  lineage: 'datum:show-lineage'
} as const;

export interface IHeadProps {
  model: DatumModel;
  datum: IDatum | IDatumDetail;
  /** Its run, where that is followed. */
  run?: RunModel;
}

export function Head(props: IHeadProps): JSX.Element {
  const { trans } = useHost();
  const { model, datum } = props;
  const name = datumName(trans, datum);
  const { shown } = model;
  const place = trans.__('datum %1', count(datum.position + 1));
  const facts = [
    name === place ? '' : place,
    shown ? trans.__('attempt %1', shown.attempt) : '',
    shown && datum.state === 'failed' && shown === model.datum?.attempts.slice(-1)[0]
      ? trans.__('final')
      : ''
  ];
  return (
    <div className="jp-datum-detail-head">
      <h1>
        <StateWord state={datum.state} word={stateWord(trans, datum.state)} />
        <bdi className="jp-datum-key">{name}</bdi>
        <CommandButton
          command={Commands.copyId}
          args={{ text: datum.key ?? name }}
          icon="copy"
          kind="icon"
          label={trans.__('Copy the name of the datum')}
        />
        <span className="jp-datum-muted jp-datum-which">
          {facts.filter(fact => fact).join(' · ')}
        </span>
      </h1>
      <div className="jp-datum-actions">
        <Actions {...props} />
        <span className="jp-datum-nowrap">
          <Steps {...props} />
          <More {...props} />
        </span>
      </div>
    </div>
  );
}

function Actions(props: IHeadProps): JSX.Element | null {
  const { trans, commands } = useHost();
  const { datum, model, run: followed } = props;
  if (!datum.id) {
    return null;
  }
  const failed = datum.state === 'failed';
  const args = { project: model.project, run: model.run, datum: datum.id };
  const run = model.datum?.run;
  const of = typeof run === 'string' ? { ...args, run } : args;
  return (
    <>
      {failed && commands.hasCommand(OTHERS.notebook) ? (
        <CommandButton
          command={OTHERS.notebook}
          args={of}
          icon="notebook"
          kind="main"
          label={trans.__('Open in notebook')}
        />
      ) : null}
      {failed && commands.hasCommand(OTHERS.debug) ? (
        <CommandButton command={OTHERS.debug} args={of} icon="bug" label={trans.__('Debug')} />
      ) : null}
      {failed ? (
        <RetrySome
          project={of.project}
          run={of.run}
          command={Commands.retryDatum}
          args={{ datum: datum.id }}
          many={1}
          busy={followed ? stillBusy(trans, followed) : null}
          why={followed ? whyNot(trans, followed) : null}
        />
      ) : null}
    </>
  );
}

/** To the failed datums before and behind. */
function Steps(props: IHeadProps): JSX.Element {
  const { trans } = useHost();
  const { project, run } = props.model;
  const steps: [string, IconName, string][] = [
    [Commands.previousFailure, 'left', trans.__('Previous failure')],
    [Commands.nextFailure, 'right', trans.__('Next failure')]
  ];
  return (
    <>
      {steps.map(([command, icon, label]) => (
        <CommandButton
          key={command}
          command={command}
          args={{ project, run }}
          icon={icon}
          kind="icon"
          label={label}
        />
      ))}
    </>
  );
}

/** What is needed less often. */
function More(props: IHeadProps): JSX.Element | null {
  const { trans, commands, failureActions } = useHost();
  useSignals(failureActions?.changed as any);
  const { datum, model } = props;
  const { id, key, group } = datum;
  if (!id) {
    return null;
  }
  const { project, run } = model;
  const args = { project, run, datum: id };
  const failed = datum.state === 'failed';
  const added = failed ? (failureActions?.of({ ...args, key, group }) ?? []) : [];
  const path = model.datum?.inputs[0]?.path ?? null;
  const items: (IItem | null)[] = [
    ...(failed
      ? [
          { command: Commands.copyReplay, args },
          { command: OTHERS.compare, args }
        ]
      : []),
    { command: OTHERS.lineage, args },
    ...(path === null ? [] : [{ command: Commands.openFile, args: { path } }]),
    ...(added.length ? [null] : []),
    ...added.map(one => ({ command: one.command, args: { ...args, key, group } }))
  ];
  return (
    <button
      className="jp-datum-button"
      data-kind="icon"
      aria-haspopup="menu"
      aria-label={trans.__('More about this datum')}
      title={trans.__('More about this datum')}
      onClick={event => openMenu(event.currentTarget, commands, items)}
    >
      <Icon name="more" />
    </button>
  );
}
