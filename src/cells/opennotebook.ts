/** The notebook in front as the models see it, and what is done to its cells. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { OutputArea } from '@jupyterlab/outputarea';
import { KernelMessage } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { language } from '../language';
import { transformName } from '../models/cells';
import type { IOpenCell } from '../models/cells';
import { headOf } from '../models/counts';
import type { ICountable } from '../models/counts';
import { asTransform, nameOfMark } from '../models/marks';
import { isFar, pathOf } from '../models/notebook';
import type { IOpenNotebook } from '../models/notebook';
import { RemediableError } from '../remedy';
import { Commands, PICK_MIME, RECIPE_MIME } from '../tokens';
import type { IPicked, IRecipe, Pick } from '../tokens';

/** What is told of a kernel that forgets what it had loaded. */
const BEGINS: ReadonlySet<string> = new Set(['starting', 'restarting', 'autorestarting']);

/** A notebook panel of JupyterLab or Notebook 7. */
export class OpenNotebook implements IOpenNotebook {
  constructor(readonly panel: NotebookPanel) {
    panel.context.saveState.connect(this._onSave, this);
    panel.context.pathChanged.connect(this._onKernel, this);
    panel.context.model.contentChanged.connect(this._onEdit, this);
    panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    panel.sessionContext.iopubMessage.connect(this._onMessage, this);
    panel.sessionContext.statusChanged.connect(this._onStatus, this);
  }

  get changed(): Signal<this, 'saved' | 'edited' | 'kernel'> {
    return this._changed;
  }
  get path(): string {
    return pathOf(this.panel.context);
  }
  get far(): boolean {
    return isFar(this.panel.context);
  }
  get kernel(): string | null {
    return this.panel.sessionContext.session?.kernel?.id ?? null;
  }

  cells(): IOpenCell[] {
    const shared = this.panel.context.model.sharedModel;
    return shared.cells.map(cell => ({
      id: cell.id,
      source: cell.source,
      code: cell.cell_type === 'code',
      mark: nameOfMark(cell.getMetadata('datum'))
    }));
  }

  /** What says which datums a cell has: what somebody else wrote reads no folder before it is trusted. */
  countable(id: string): ICountable | null {
    const model = this._cell(id)?.model;
    if (!model?.trusted || this.far) {
      return null;
    }
    const source = model.sharedModel.getSource();
    const notebook = this.path;
    return transformName(source) === null
      ? { notebook, mark: model.getMetadata('datum') }
      : { notebook, source: headOf(source) };
  }

  lacks(): boolean {
    const lacking = "No module named 'jupyter_datum'";
    return this.panel.content.widgets.some(
      cell =>
        cell instanceof CodeCell &&
        Array.from({ length: cell.model.outputs.length }, (_, at) =>
          cell.model.outputs.get(at)
        ).some(
          // Only of an error is all of it looked at: others may be large.
          output => output.type === 'error' && output.toJSON().evalue === lacking
        )
    );
  }

  /** Save what is not saved yet. */
  async save(): Promise<void> {
    const { context } = this.panel;
    if (context.model.dirty) {
      await context.save();
    }
  }

  /** Run a cell as it stands, as Shift+Enter would. */
  async run(id: string): Promise<boolean> {
    const cell = this._cell(id);
    const { content, sessionContext } = this.panel;
    return cell !== null && NotebookActions.runCells(content, [cell], sessionContext);
  }

  /**
   * Run `code` in place of a cell's text: the cell's output and prompt are used, its text
   * and the undo history are not touched, and the kernel keeps `code` in its history.
   */
  async runWith(id: string, code: string): Promise<boolean> {
    const cell = this._cell(id);
    const { sessionContext } = this.panel;
    if (!cell || !(await ready(sessionContext))) {
      return false;
    }
    const metadata = { ...cell.model.metadata, cellId: cell.model.sharedModel.getId() };
    const { model } = cell;
    model.clearExecution();
    model.trusted = true; // as with Shift+Enter: the user has asked for this output
    model.executionState = 'running';
    try {
      const reply = await OutputArea.execute(code, cell.outputArea, sessionContext, metadata);
      model.executionCount = reply?.content.execution_count ?? null;
      return reply?.content.status === 'ok';
    } finally {
      model.executionState = 'idle';
    }
  }

  /**
   * Have the kernel read and record a cell as it stands: nothing of it runs, the cell's output
   * and the prompt are left alone.
   */
  async record(id: string): Promise<IRecipe> {
    return this._told<IRecipe>(id, { record: true }, RECIPE_MIME);
  }

  /** Have the kernel bind `datum` to one of a cell's datums; the cell does not run. */
  async pick(id: string, which: Pick): Promise<IPicked> {
    return this._told<IPicked>(id, { pick: which }, PICK_MIME);
  }

  /** Whether the kernel is at work: what it is asked for comes when it is free. */
  get busy(): boolean {
    return this.panel.sessionContext.session?.kernel?.status === 'busy';
  }

  private async _told<T>(id: string, asked: JSONObject, mime: string): Promise<T> {
    const cell = this._cell(id);
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!cell || !kernel) {
      throw new Error(language.trans.__('the cell has no kernel that could read it'));
    }
    const { model } = cell;
    const metadata = { ...model.metadata, cellId: model.sharedModel.getId(), datum_run: asked };
    const mark = nameOfMark(model.getMetadata('datum'));
    const code = asTransform({ source: model.sharedModel.getSource(), mark });
    const content = { code, store_history: false, stop_on_error: false, allow_stdin: false };
    const future = kernel.requestExecute(content, true, metadata);
    let told: T | null = null;
    future.onIOPub = message => {
      if (KernelMessage.isDisplayDataMsg(message)) {
        told = (message.content.data[mime] as unknown as T | undefined) ?? told;
      }
    };
    const { content: reply } = await future.done;
    const unknown = reply.status === 'error' && /magic.*%%datum/.test(reply.evalue);
    if (reply.status === 'error' && !unknown) {
      throw new Error(reply.evalue);
    }
    if (!told) {
      const { trans } = language;
      throw new RemediableError(trans.__('The kernel has not loaded jupyter_datum.'), {
        label: trans.__('Load it'),
        command: Commands.runCell,
        args: { source: '%load_ext jupyter_datum' }
      });
    }
    return told;
  }

  /** Put a cell in front of all others, or behind the active one, and show it. */
  insert(source: string, where: 'first' | 'below'): string {
    const { content, context } = this.panel;
    const shared = context.model.sharedModel;
    const index = where === 'first' ? 0 : content.activeCellIndex + 1;
    const cell = shared.insertCell(index, { cell_type: 'code', source, metadata: {} });
    content.activeCellIndex = index;
    return cell.id;
  }

  /** Bring a cell into view. */
  async show(id: string): Promise<boolean> {
    const { content } = this.panel;
    const index = content.widgets.findIndex(cell => cell.model.id === id);
    if (index < 0) {
      return false;
    }
    content.activeCellIndex = index;
    await content.scrollToItem(index, 'smart');
    content.activate();
    return true;
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _cell(id: string): CodeCell | null {
    const cell = this.panel.content.widgets.find(one => one.model.id === id);
    return cell instanceof CodeCell ? cell : null;
  }

  private _onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'completed') {
      this._changed.emit('saved');
    }
  }

  private _onEdit(): void {
    this._changed.emit('edited');
  }

  private _onKernel(): void {
    this._changed.emit('kernel');
  }

  private _onMessage(_: unknown, message: KernelMessage.IMessage): void {
    this._ran ||= message.header.msg_type === 'execute_input';
  }

  /**
   * A kernel that comes to rest may have loaded us, or have begun a project: if it has run some
   * code, or has begun anew. All else that it answers (widgets, completions) changes neither.
   */
  private _onStatus(_: unknown, status: string): void {
    this._ran ||= BEGINS.has(status);
    if (status === 'idle' && this._ran && this.panel.sessionContext.isReady) {
      this._ran = false;
      this._changed.emit('kernel');
    }
  }

  /** Whether the kernel has run code since it was asked about; one that is new may have. */
  private _ran = true;
  private readonly _changed = new Signal<this, 'saved' | 'edited' | 'kernel'>(this);
}

async function ready(session: ISessionContext): Promise<boolean> {
  if (!session.session?.kernel) {
    await session.startKernel();
  }
  return Boolean(session.session?.kernel);
}
