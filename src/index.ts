/** The plugins, each with an id of its own, so that a site can leave one out. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { core, runs } from './plugins/core';
import { front } from './plugins/front';
import { outputs } from './plugins/outputs';
import { panel } from './plugins/panel';
import { status } from './plugins/status';

const plugins: JupyterFrontEndPlugin<any>[] = [core, runs, outputs, front, panel, status];
export default plugins;
