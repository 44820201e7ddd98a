/** The commands: palette, buttons, other extensions and tests all go through these. */
import { tellEnabled } from './enabled';
import { addFailures } from './failures';
import { addNotebook } from './notebook';
import type { ICommandOptions } from './options';
import { addPlans } from './plans';
import { addReport } from './report';
import { addRequests } from './requests';
import { addRetries } from './retries';
import { addRun } from './run';
import { addTable } from './table';
import { addViews } from './views';
import { addWatch } from './watch';

export type { ICommandOptions, IViews } from './options';

/** Register all commands. */
export function addCommands(options: ICommandOptions): void {
  const { commands } = options.app;
  const before = new Set(commands.listCommands());
  addViews(options);
  addRetries(options);
  addFailures(options);
  addRequests(options);
  addReport(options);
  addNotebook(options);
  addRun(options);
  addPlans(options);
  addTable(options);
  addWatch(options);
  const ours = commands.listCommands().filter(id => !before.has(id));
  tellEnabled(options, ours);
}
