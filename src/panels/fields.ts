/** What the rows of the form share: the transform that they are about, and its run. */
import type { IOnce } from '../models/cells';
import type { ChoicesModel } from '../models/choices';
import type { EnginesModel } from '../models/engines';
import type { PanelModel } from '../models/panel';
import type { IRow } from '../models/rows';
import type { RunModel } from '../models/run';
import type { IRunOptions } from '../tokens';
import { useHost } from './parts';

/** What a row of the form is given. */
export interface IFieldProps {
  choices: ChoicesModel;
  engines: EnginesModel;
  row: IRow;
  /** The run that goes on, of which some can be changed; null: there is none. */
  live: RunModel | null;
  once: IOnce;
  /** Options of the cell, or of the run. */
  options: IRunOptions;
  onChoose: (more: IOnce) => void;
}

/** The run that goes on of the chosen transform, if one does. */
export function liveOf(panel: PanelModel): RunModel | null {
  const { run } = panel;
  const status = run?.counts?.status;
  return run && !run.ended && status !== 'interrupted' && run.counts ? run : null;
}

/** Why a field that a run can't take back is locked. */
export function useLocked(live: RunModel | null): string | null {
  const { trans } = useHost();
  return live ? trans.__('Cannot be changed while it runs') : null;
}
