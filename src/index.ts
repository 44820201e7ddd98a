/** The plugins, each with an id of its own, so that a site can leave one out. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { core, failureActions, renderers, runs } from './plugins/core';
import { front } from './plugins/front';
import { outputs } from './plugins/outputs';
import { panel } from './plugins/panel';
import { status } from './plugins/status';

// What other extensions import; see docs/extend.md.
export * from './tokens';

const plugins: JupyterFrontEndPlugin<any>[] = [
  core,
  runs,
  renderers,
  failureActions,
  outputs,
  front,
  panel,
  status
];
export default plugins;
