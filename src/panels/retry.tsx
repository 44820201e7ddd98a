/** Retry of what has failed: which code it takes stands on the button, wherever that is. */
import React from 'react';

import { Commands } from '../tokens';
import { count } from './format';
import { CommandButton, useHost } from './parts';

/** Whether the open cell of a run is another than what ran; asked again with each edit. */
export function useEdited(run: string): boolean {
  const { edits } = useHost();
  const [edited, setEdited] = React.useState(false);
  React.useEffect(() => {
    let round = 0;
    const look = async () => {
      const mine = ++round;
      const now = (await edits?.editedSince(run)) === true;
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
  }, [edits, run]);
  return edited;
}

/** The button that runs the failed datums of a run again. */
export function RetryFailed(props: {
  project: string;
  run: string;
  /** How many they are. */
  failed: number;
  /** Why not now, and why not with the code that was recorded. */
  busy?: string | null;
  why?: string | null;
}): JSX.Element {
  const { trans } = useHost();
  const { project, run, failed, busy = null, why = null } = props;
  const edited = useEdited(run);
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
          : trans.__('Retry %1', count(failed))
      }
    />
  );
}
