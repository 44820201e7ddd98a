/** The commands: palette, buttons, other extensions and tests all go through these. */
import { addNotebook } from './notebook';
import type { ICommandOptions } from './options';
import { addPlans } from './plans';
import { addRequests } from './requests';
import { addRetries } from './retries';
import { addViews } from './views';
import { addWatch } from './watch';

export type { ICommandOptions, IViews } from './options';

/** Register all commands. */
export function addCommands(options: ICommandOptions): void {
  addViews(options);
  addRetries(options);
  addRequests(options);
  addNotebook(options);
  addPlans(options);
  addWatch(options);
}
