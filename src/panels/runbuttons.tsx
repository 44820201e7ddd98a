/** What can be done to the shown run: one click each. */
import React from 'react';

import type { RunModel } from '../models/run';
import { Commands, ENDED } from '../tokens';
import type { Status } from '../tokens';
import { count } from './format';
import { CommandButton, useHost } from './parts';
import { RetryFailed } from './retry';

interface IProps {
  run: RunModel;
  status: Status;
  /** Datums that have not come to an end. */
  left: number;
}

/** The buttons that fit how it stands. */
export function RunButtons(props: IProps): JSX.Element {
  const { status } = props;
  if (ENDED.has(status)) {
    return <Ended {...props} />;
  }
  return status === 'paused' || status === 'interrupted' ? (
    <Halted {...props} />
  ) : (
    <Going {...props} />
  );
}

function argsOf(run: RunModel): { project: string; run: string } {
  return { project: run.project, run: run.uuid };
}

function Open(props: { run: RunModel; small?: boolean }): JSX.Element {
  const { trans } = useHost();
  return (
    <CommandButton
      command={Commands.openRun}
      args={argsOf(props.run)}
      icon="open"
      kind={props.small ? 'icon' : undefined}
      label={trans.__('Open the run')}
    />
  );
}

function Ended(props: IProps): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  const { counts, info, total } = run;
  const same = total > 0 && counts?.skipped === total;
  return (
    <div className="jp-datum-actions">
      <Open run={run} />
      {same && info ? (
        <CommandButton
          command={Commands.run}
          args={{ name: info.name, which: 'all' }}
          icon="retry"
          why={info.retryable}
          label={trans.__('Run all anyway')}
          title={trans.__('Runs unchanged datums too')}
        />
      ) : null}
    </div>
  );
}

function Going(props: IProps): JSX.Element {
  const { trans } = useHost();
  const { run, status } = props;
  const args = argsOf(run);
  const busy = status === 'cancelling';
  return (
    <div className="jp-datum-actions" role="group" aria-label={trans.__('The run')}>
      <CommandButton
        command={Commands.pause}
        args={args}
        icon="pause"
        label={trans.__('Pause')}
        disabled={busy || status !== 'running'}
      />
      <CommandButton
        command={Commands.stop}
        args={args}
        icon="stop"
        label={trans.__('Stop')}
        disabled={busy}
      />
      {run.info?.origin === 'kernel' ? <Detach run={run} busy={busy} /> : null}
      <span className="jp-datum-grow" />
      <Open run={run} small />
    </div>
  );
}

/** Frees the waiting cell, once: then none waits. */
function Detach(props: { run: RunModel; busy: boolean }): JSX.Element {
  const { trans } = useHost();
  const { run, busy } = props;
  return (
    <CommandButton
      command={Commands.detach}
      args={argsOf(run)}
      icon="detach"
      label={trans.__('Detach')}
      title={trans.__('Frees the cell that waits; the run goes on')}
      disabled={busy}
      why={run.detached ? trans.__('No cell waits for it any more') : null}
    />
  );
}

/** Paused, or its runner is gone: to go on is the next step. */
function Halted(props: IProps): JSX.Element {
  const { trans } = useHost();
  const { run, status, left } = props;
  const args = argsOf(run);
  const failed = run.counts?.failed ?? 0;
  const broken = status === 'interrupted';
  return (
    <div className="jp-datum-actions" role="group" aria-label={trans.__('The run')}>
      <CommandButton
        command={Commands.resume}
        args={args}
        icon="play"
        kind="main"
        label={left ? trans.__('Resume %1', count(left)) : trans.__('Resume')}
      />
      {broken && failed ? (
        <RetryFailed {...args} failed={failed} only why={run.info?.retryable} />
      ) : null}
      <CommandButton
        command={Commands.stop}
        args={args}
        icon="stop"
        label={broken ? trans.__('Leave as stopped') : trans.__('Stop')}
      />
      <span className="jp-datum-grow" />
      <Open run={run} small />
    </div>
  );
}
