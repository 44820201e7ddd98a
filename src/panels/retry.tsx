/** Retry: which code it takes stands on the button, wherever that is. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import React from 'react';

import type { RunModel } from '../models/run';
import { Commands } from '../tokens';
import { count } from './format';
import { CommandButton, useHost } from './parts';
import { stillBusy, whyNot } from './why';

/** Whether the open cell of a run is another than what ran; asked again with each edit. */
export function useEdited(project: string, run: string): boolean {
  const { edits } = useHost();
  const [edited, setEdited] = React.useState(false);
  React.useEffect(() => {
    let round = 0;
    const look = async () => {
      const mine = ++round;
      const now = (await edits?.editedSince(project, run)) === true;
      if (mine === round) {
        setEdited(now);
      }
    };
    void look();
    edits?.changed.connect(look);
    return () => {
      round++;
      edits?.changed.disconnect(look);
    };
  }, [edits, project, run]);
  return edited;
}

/** Why nothing of a run can be tried again now, with the code that would be taken. */
export function useWhyNot(run: RunModel): string | null {
  const { trans } = useHost();
  const edited = useEdited(run.project, run.uuid);
  return edited ? stillBusy(trans, run) : whyNot(trans, run);
}

/** The button that runs the failed datums of a run again. */
export function RetryFailed(props: {
  project: string;
  run: string;
  /** How many they are. */
  failed: number;
  /** Whether others of the run wait too. */
  only?: boolean;
  /** Why not now, and why not with the code that was recorded. */
  busy?: string | null;
  why?: string | null;
}): JSX.Element {
  const { trans } = useHost();
  const { project, run, failed, busy = null, why = null } = props;
  const edited = useEdited(project, run);
  return (
    <CommandButton
      command={Commands.retryFailed}
      args={{ project, run }}
      icon="retry"
      kind="bad"
      why={edited ? busy : (busy ?? why)}
      title={
        edited
          ? trans.__('Runs the edited cell in the kernel, for the failed datums only')
          : trans.__('Runs the failed datums again with the recorded code; needs no kernel')
      }
      label={
        edited
          ? trans.__('Retry %1 with the edited cell', count(failed))
          : props.only
            ? trans.__('Retry %1 only', count(failed))
            : trans.__('Retry %1', count(failed))
      }
    />
  );
}

/** The button that runs some datums of a run again. */
export function RetrySome(props: {
  project: string;
  run: string;
  command: string;
  args: ReadonlyJSONObject;
  /** How many of them have failed; null: nobody has counted. */
  many: number | null;
  kind?: 'bad' | 'icon';
  busy?: string | null;
  why?: string | null;
  onPress?: () => void;
}): JSX.Element {
  const { trans } = useHost();
  const { project, run, command, args, many, kind = 'bad', busy = null, why = null } = props;
  const edited = useEdited(project, run);
  const n = many === null ? '' : count(many);
  const words = n ? trans.__('Retry %1', n) : trans.__('Retry what failed');
  const title = titleOf(trans, many, edited, kind === 'icon');
  return (
    <CommandButton
      command={command}
      args={{ project, run, ...args }}
      icon="retry"
      kind={kind}
      why={edited ? busy : (busy ?? why)}
      title={title}
      label={edited || kind === 'icon' ? title : words}
      onPress={props.onPress}
    />
  );
}

/** What it does, and with which code; `these`: beside a button that retries all. */
function titleOf(
  trans: TranslationBundle,
  many: number | null,
  edited: boolean,
  these: boolean
): string {
  const n = many === null ? '' : count(many);
  if (!n) {
    return edited
      ? trans.__('Retry what failed with the edited cell')
      : trans.__('Retry what failed with the recorded code');
  }
  if (these && many === 1) {
    return edited
      ? trans.__('Retry this one with the edited cell')
      : trans.__('Retry this one with the recorded code');
  }
  if (these) {
    return edited
      ? trans.__('Retry these %1 with the edited cell', n)
      : trans.__('Retry these %1 with the recorded code', n);
  }
  return edited
    ? trans.__('Retry %1 with the edited cell', n)
    : trans.__('Retry %1 with the recorded code', n);
}
