/** What happens to runs, written into JupyterLab's log console. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ILogger, ILoggerRegistry } from '@jupyterlab/logconsole';
import type { Widget } from '@lumino/widgets';

import { add, OF_A_RUN, text } from '../commands/add';
import { bringUp } from '../front';
import { RunLog } from '../models/runlog';
import type { RunModel } from '../models/run';
import { oneLine } from '../panels/format';
import {
  lineOfCluster,
  lineOfGroup,
  lineOfWorker,
  linesOfPast,
  linesOfRun
} from '../panels/logwords';
import { Commands, ENDED } from '../tokens';
import type { IRun } from '../tokens';
import type { ICore, IFront } from './tokens';

/** Write the logs of the runs that are told from now on, where the front end keeps logs. */
export async function begin(
  app: JupyterFrontEnd,
  core: ICore,
  front: IFront,
  palette: ICommandPalette | null
): Promise<void> {
  const registry = await registryOf(app);
  if (registry) {
    follow(registry, core);
    addShow(app, registry, core, front, palette);
  }
}

/** The front end's logs; null if it keeps none. */
async function registryOf(app: JupyterFrontEnd): Promise<ILoggerRegistry | null> {
  try {
    const { ILoggerRegistry } = await import('@jupyterlab/logconsole');
    return await app.resolveOptionalService(ILoggerRegistry);
  } catch {
    return null; // not shared by this front end
  }
}

/** Runs bear the names by which people know them, and not ids. */
function sourceOf({ host: { trans } }: ICore, run: Pick<IRun, 'name' | 'id'>): string {
  return trans.__('%1 · run %2', oneLine(run.name), run.id);
}

/** The log of a run: few lines, all of them wanted. */
function logOf(registry: ILoggerRegistry, core: ICore, run: IRun): ILogger {
  const logger = registry.getLogger(sourceOf(core, run));
  if (logger.version === 0) {
    logger.level = 'info'; // as it is else, it leaves out that a run began, and that it ended well
    logger.clear(); // of the line that says so
  }
  return logger;
}

function follow(registry: ILoggerRegistry, core: ICore): void {
  const { runs, host } = core;
  const { trans } = host;
  const logs = new Map<string, RunLog>();
  const loggerOf = (run: IRun | null): ILogger | null => (run ? logOf(registry, core, run) : null);
  runs.told.connect((_, { run, before }) => {
    if (before !== null || !ENDED.has(run.status)) {
      for (const { level, text: data } of linesOfRun(trans, run, before)) {
        loggerOf(run)?.log({ type: 'text', level, data });
      }
    }
  });
  runs.followed.connect((_, model: RunModel) => {
    const key = `${model.project}/${model.uuid}`;
    const write = ({ level, text: data }: ReturnType<typeof lineOfGroup>) =>
      loggerOf(runs.runs(model.project).find(one => one.uuid === model.uuid) ?? model.info)?.log({
        ...{ type: 'text', level, data }
      });
    const known =
      logs.get(key) ??
      new RunLog({
        group: group => write(lineOfGroup(trans, group)),
        worker: worker => write(lineOfWorker(trans, worker)),
        cluster: ({ state, message }) => write(lineOfCluster(trans, state, message ?? ''))
      });
    logs.set(key, known);
    known.follow(model);
  });
}

function addShow(
  app: JupyterFrontEnd,
  registry: ILoggerRegistry,
  core: ICore,
  front: IFront,
  palette: ICommandPalette | null
): void {
  const { trans } = core.host;
  const show = async (project: string | undefined, uuid: string | undefined) => {
    const of = project ?? front.panel.project ?? '';
    const run = core.runs.runs(of).find(one => one.uuid === (uuid ?? front.panel.run?.uuid));
    if (!run) {
      throw new Error(trans.__('there is no such run among those that this page knows'));
    }
    const source = sourceOf(core, run);
    const logger = logOf(registry, core, run);
    if (logger.length === 0) {
      // It was over when this page was opened.
      linesOfPast(trans, run).forEach(({ level, text: data }) =>
        logger.log({ type: 'text', level, data })
      );
    }
    // The newest that bears its name: the document of the run does so too.
    const named = (one: Widget) => one.title.label.endsWith(source);
    const open = async () => {
      await app.commands.execute('logconsole:open', { source, insertMode: 'split-bottom' });
      return [...app.shell.widgets('down')].filter(named).pop();
    };
    // The command closes a console that is there, of whatever it told.
    const opened = (await open()) ?? (await open());
    if (opened) {
      bringUp(app, opened);
    }
    return { source };
  };
  add(
    { app, palette, trans },
    Commands.showLog,
    trans.__('Show the Log of the Run'),
    args => show(text(args.project), text(args.run)),
    { enabled: args => front.panel.run !== null || text(args.run) !== undefined, args: OF_A_RUN }
  );
}
