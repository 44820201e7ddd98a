/** Which run a command is about: the one it names, that of the document in front, or the panel's. */
import { language } from './language';
import type { PanelModel } from './models/panel';
import type { RunModel } from './models/run';
import type { IRun } from './tokens';

/** A run by its ids, as commands name it; left out: that of the document in front, or the panel's. */
export interface IWhich {
  project?: string;
  run?: string;
  /** A transform of the notebook in front: its newest run. */
  name?: string;
}

/** A run by its ids. */
export interface IRunIds {
  project: string;
  run: string;
}

/**
 * The run that is meant.
 *
 * @throws Error where no run is named and none is shown.
 */
export function which(args: IWhich, panel: PanelModel, front: RunModel | null): IRunIds {
  if (args.run === undefined && args.name !== undefined) {
    const row = panel.rows.find(one => one.name === args.name);
    return latest(panel, row?.run ?? null, args.name);
  }
  const shown = (args.run ? null : front) ?? panel.run;
  const project = args.project ?? shown?.project;
  const run = args.run ?? shown?.uuid;
  if (!project || !run) {
    throw new Error(language.trans.__('no run is shown'));
  }
  return { project, run };
}

function latest({ project }: PanelModel, run: IRun | null, name: string): IRunIds {
  if (!run || project === null) {
    throw new Error(language.trans.__('%1 has no run in the notebook in front', name));
  }
  return { project, run: run.uuid };
}
