/** The plugins, each with an id of its own, so that a site can leave one out. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cell } from './plugins/cell';
import { core, failureActions, renderers, runs } from './plugins/core';
import { files } from './plugins/files';
import { front } from './plugins/front';
import { log } from './plugins/log';
import { notices } from './plugins/notices';
import { outputs } from './plugins/outputs';
import { panel } from './plugins/panel';
import { preferences } from './plugins/preferences';
import { running } from './plugins/running';
import { status } from './plugins/status';

// What other extensions import; see docs/extend.md.
export * from './tokens';

const plugins: JupyterFrontEndPlugin<any>[] = [
  core,
  runs,
  preferences,
  renderers,
  failureActions,
  outputs,
  front,
  panel,
  files,
  cell,
  status,
  notices,
  log,
  running
];
export default plugins;
