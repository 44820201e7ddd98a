/** The list of runs that go on, for the front end's list of all that does. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IManager, IRunningItem, IRunningSessionManagers } from '@jupyterlab/running';

import { datumIcon } from '../icons';
import { oneLine, progress, standing } from '../panels/format';
import { byState, doneOf } from '../panels/parts';
import { Commands } from '../tokens';
import type { IRun } from '../tokens';
import type { ICore } from './tokens';

/** Add the list, where the front end has one. */
export async function begin(app: JupyterFrontEnd, core: ICore): Promise<void> {
  (await managersOf(app))?.add(new Manager(core));
}

/** The front end's list, null if it has none. */
async function managersOf(app: JupyterFrontEnd): Promise<IRunningSessionManagers | null> {
  try {
    const { IRunningSessionManagers } = await import('@jupyterlab/running');
    return await app.resolveOptionalService(IRunningSessionManagers);
  } catch {
    return null; // not shared by this front end
  }
}

/** The runs of the projects that this page watches. */
class Manager implements IManager {
  constructor(private readonly _core: ICore) {
    const { trans } = _core.host;
    this.name = trans.__('Runs of Datums');
    this.shutdownLabel = trans.__('Stop');
    this.shutdownAllLabel = trans.__('Stop All');
    this.shutdownAllConfirmationText = trans.__(
      'Stop all runs? What is done is kept; the rest can be resumed.'
    );
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;

  get runningChanged(): ICore['runs']['changed'] {
    return this._core.runs.changed;
  }

  running(): IRunningItem[] {
    return this._core.runs.going().map(({ project, run }) => this._item(project, run));
  }

  shutdownAll(): void {
    this.running().forEach(item => item.shutdown?.());
  }

  refreshRunning(): void {
    // The socket says what there is; there is nothing to ask for.
  }

  private _item(project: string, run: IRun): IRunningItem {
    const { commands, trans } = this._core.host;
    const args = { project, run: run.uuid };
    const act = (id: string) => void commands.execute(id, args).catch(() => undefined);
    return {
      icon: () => datumIcon,
      label: () => trans.__('%1 · run %2', oneLine(run.name), run.id),
      labelTitle: () => standing(trans, run),
      detail: () => progress(run, doneOf(byState(run, run.total), run.total), run.total),
      open: () => act(Commands.openRun),
      shutdown: () => act(Commands.stop)
    };
  }
}
