/** Commands that can be executed now and could not before, or the other way round. */
import type { CommandRegistry } from '@lumino/commands';

import type { RunModel } from '../models/run';
import { ENDED } from '../tokens';
import type { ICounts } from '../tokens';
import type { Args } from './add';
import type { ICommandOptions } from './options';

/** What the run in front is told by; without views no document is in front. */
type IFronts = Pick<ICommandOptions, 'panel'> & Partial<Pick<ICommandOptions, 'views'>>;

/** The run that is meant where none is named. */
export function runInFront(options: IFronts): RunModel | null {
  return options.views?.front() ?? options.panel.run;
}

/** Whether a run is named, or the one in front fits: what is named is the server's to refuse. */
export function ofRun(
  options: IFronts,
  fits: (counts: ICounts) => boolean = () => true
): (args: Args) => boolean {
  return args => {
    const run = runInFront(options);
    const named = typeof args.run === 'string' || args.context === true;
    return named || (run !== null && (!run.counts || fits(run.counts)));
  };
}

export const goes = ({ status }: ICounts): boolean => !ENDED.has(status);
export const hasFailed = ({ failed }: ICounts): boolean => failed > 0;

/**
 * What looks whether one of `ids` can be executed or no longer can, and tells menus, palette and
 * toolbars so: these are drawn anew each time that they are told.
 */
export function enabledOf(commands: CommandRegistry, ids: readonly string[]): () => void {
  const known = new Map(ids.map(id => [id, commands.isEnabled(id)]));
  return () => {
    for (const [id, before] of known) {
      const now = commands.isEnabled(id);
      if (now !== before) {
        known.set(id, now);
        commands.notifyCommandChanged(id);
      }
    }
  };
}

/** Tell when one of `ids` can be executed, or no longer can, of the run in front. */
export function tellEnabled(options: ICommandOptions, ids: readonly string[]): void {
  const { app, panel } = options;
  const look = enabledOf(app.commands, ids);
  let shown: RunModel | null = null;
  const follow = () => {
    const run = runInFront(options);
    if (run !== shown) {
      shown?.changed.disconnect(look);
      shown = run;
      shown?.changed.connect(look);
    }
    look();
  };
  panel.changed.connect(follow);
  app.shell?.currentChanged?.connect(follow);
}
