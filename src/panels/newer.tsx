/** How a transform stands now, beside one of its past runs. */
import React from 'react';

import { Glyph } from '../icons';
import { Commands } from '../tokens';
import type { IRun, IRunModel, IRunsModel } from '../tokens';
import { statusState, standing } from './format';
import { useHost, useRead } from './parts';

/** The newest run of a run's transform; null: it is that one, as far as the page knows. */
export function useNewest(run: IRunModel, runs: IRunsModel): IRun | null {
  const { id = 0, name } = run.info ?? {};
  const found = () => runs.runs(run.project).find(one => one.name === name && one.id > id);
  return useRead(() => found() ?? null, runs.changed);
}

/** The way to it. */
export function Newest(props: { run: IRunModel; newest: IRun | null }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { run, newest } = props;
  if (!newest) {
    return null;
  }
  const open = { project: run.project, run: newest.uuid };
  return (
    <button
      className="jp-datum-link jp-datum-newest"
      title={trans.__('Open the newest run of this transform')}
      onClick={() => void commands.execute(Commands.openRun, open).catch(() => undefined)}
    >
      <Glyph state={statusState(newest.status)} />
      <span>
        {trans.__('run %1', newest.id)}
        <span className="jp-datum-head-of">: {standing(trans, newest)}</span>
      </span>
    </button>
  );
}
