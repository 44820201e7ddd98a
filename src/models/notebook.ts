/** One open notebook as the models see it: its project, and its transforms with their runs. */
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { RefusedError } from '../requests';
import type { Requests } from '../requests';
import type { Connection, IContext, IRun, ITransform } from '../tokens';
import { sameSource } from './cells';
import type { IOpenCell } from './cells';
import type { ICountable } from './counts';
import { RecordedRuns } from './recorded';
import { listRows, sameButFigures } from './rows';
import type { IRow } from './rows';
import type { RunsModel } from './runs';

/** Drives that show the server's own files: one that has no name, and that of collaboration. */
export const LOCAL_DRIVES = new Set(['', 'RTC']);

/** A document's path, and what is left of it without its drive. */
export interface IPaths {
  readonly path: string;
  readonly localPath: string;
}

/** Whether a document is on a drive of which the server's files know nothing. */
export function isFar({ path, localPath }: IPaths): boolean {
  return !LOCAL_DRIVES.has(path.slice(0, -localPath.length - 1));
}

/** A document's path as the server has it, where it has it. */
export function pathOf(paths: IPaths): string {
  return isFar(paths) ? paths.path : paths.localPath;
}

/** An open notebook, as far as the models need it. */
export interface IOpenNotebook {
  readonly path: string;
  /** On a drive of which the server's files know nothing. */
  readonly far: boolean;
  readonly kernel: string | null;
  cells(): IOpenCell[];
  /** What says which datums a cell has; null: it is gone, or somebody else's and not trusted. */
  countable(cell: string): ICountable | null;
  /** Whether a cell says that the environment of its kernel has no jupyter_datum. */
  lacks(): boolean;
  /** Saved, edited, or with another kernel. */
  readonly changed: ISignal<unknown, 'saved' | 'edited' | 'kernel'>;
}

/** What is asked of the server about a notebook. */
export type NotebookRequests = Pick<Requests, 'context' | 'transforms' | 'run'>;

/** What the server would say of a notebook that is none of its files. */
const FAR: IContext = { state: 'no-files', message: null, project: null, root: null, kernel: null };

/** What the badges of a notebook show, and the panel of the one in front. */
export class NotebookModel implements IDisposable {
  constructor(
    readonly notebook: IOpenNotebook,
    readonly runs: RunsModel,
    private readonly _requests: NotebookRequests,
    private readonly _recorded = new RecordedRuns(_requests)
  ) {
    notebook.changed.connect(this._onNotebook, this);
    runs.changed.connect(this._onRuns, this);
    runs.projectShown.connect(this._onProject, this);
    runs.projectLost.connect(this._onLost, this);
    void this.refresh();
  }

  /** Anything but a run's figures has changed. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The figures of runs that go on have changed, and nothing else. */
  get figures(): Signal<this, void> {
    return this._figures;
  }
  get context(): IContext | null {
    return this._context;
  }
  get project(): string | null {
    return this._context?.project ?? null;
  }
  /** Whether nothing can be known of runs: the ledger cannot be read, or nobody is there to do so. */
  get unreadable(): boolean {
    const { connection } = this.runs;
    const state = this._context?.state;
    const away = connection === 'missing' || connection === 'older';
    return away || state === 'damaged' || state === 'newer' || state === 'older';
  }
  /** Why the server gives no context. */
  get error(): string | null {
    return this._error;
  }
  get rows(): readonly IRow[] {
    return this._rows;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Ask anew in a moment, together with what else is to be asked for then. */
  refreshSoon(): void {
    this._onNotebook(null, 'kernel');
  }

  /** Read the cells and the runs again; the server is not asked. */
  look(): void {
    this._update();
  }

  /** Ask for context and transforms anew. */
  async refresh(): Promise<void> {
    const round = ++this._round;
    this._asking++;
    try {
      const { path, kernel } = this.notebook;
      if (this._path !== path) {
        this._recorded.forget();
        this._path = path;
      }
      const told = await this._asked(path, kernel);
      const known = told.state !== 'no-files' && told.state !== 'damaged' && !this.notebook.far;
      const saved = known ? await this._transforms(path, kernel) : [];
      // What cannot be read is not what has never run.
      const context: IContext =
        Array.isArray(saved) || told.state === 'older' || told.state === 'newer'
          ? told
          : { ...told, state: 'damaged', message: saved.message };
      if (round === this._round && !this._disposed) {
        this._error = null;
        this._context = context;
        this._saved = Array.isArray(saved) ? saved : [];
        this._setProject(context.project);
        if (context.kernel && kernel) {
          this.runs.draw(kernel); // it has loaded us, and we show its runs
        }
      }
    } catch (reason) {
      if (round === this._round) {
        this._error = reason instanceof Error ? reason.message : String(reason);
        this.runs.connect(); // which finds out whether the server has our half at all
      }
    }
    if (--this._asking === 0 && this._asks) {
      this._onNotebook(null, 'kernel');
    }
    this._update();
  }

  /** Whether the text of a cell is another than a run recorded. */
  async isEdited(source: string, run: Pick<IRun, 'uuid'>): Promise<boolean | null> {
    const { project } = this;
    if (!project) {
      return null;
    }
    const recorded = await this._recorded.of(project, run.uuid);
    return !sameSource(source, this._ranAs.get(recorded.source) ?? recorded.source);
  }

  /** The row of a transform that has its cell here. */
  cellOf(name: string): IRow | null {
    return this._rows.find(row => row.name === name && row.cell !== null) ?? null;
  }

  /** A cell was run as `code`, with options of that one run: it counts as run as it stands. */
  ranAs(source: string, code: string): void {
    this._ranAs.set(code, source);
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    window.clearTimeout(this._timer);
    this._watch?.dispose();
    this.notebook.changed.disconnect(this._onNotebook, this);
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /**
   * In which project the notebook stands. Of one on another drive only its kernel knows, which runs
   * its cells in a folder of this server: what it has begun stays known when it is gone.
   */
  private async _asked(path: string, kernel: string | null): Promise<IContext> {
    if (!this.notebook.far) {
      return this._requests.context(path, kernel);
    }
    const known = this._context?.project ? { ...this._context, kernel: null } : FAR;
    try {
      const said = kernel ? await this._requests.context(path, kernel) : known;
      return said.kernel ? said : known; // a file of that very name on the server is another one
    } catch (reason) {
      if (reason instanceof RefusedError && reason.code === 'not-found') {
        return known;
      }
      throw reason;
    }
  }

  /** Those of the saved notebook, or why the ledger does not tell them. */
  private async _transforms(
    path: string,
    kernel: string | null
  ): Promise<ITransform[] | RefusedError> {
    try {
      return await this._requests.transforms(path, kernel);
    } catch (reason) {
      if (reason instanceof RefusedError) {
        // A notebook that was never saved has no transforms; its cells are seen all the same.
        return reason.code === 'ledger' ? reason : [];
      }
      throw reason;
    }
  }

  private _onNotebook(_: unknown, what: 'saved' | 'edited' | 'kernel'): void {
    if (this._disposed) {
      return;
    }
    window.clearTimeout(this._timer);
    // An edit (outputs count as such) must not take the place of what is to be asked for.
    this._asks ||= what !== 'edited';
    // Typing is not worth a request: only the cells are read again.
    this._timer = window.setTimeout(() => this._look(), this._asks ? 300 : 500);
  }

  private _look(): void {
    if (!this._asks) {
      this._update();
    } else if (!this._asking) {
      this._asks = false;
      void this.refresh();
    } // else it is asked for again when a slow server has answered, once for all that came between
  }

  /** The first run of a new project is shown in its cell before we can know of the project. */
  private _onProject(_: RunsModel, project: string): void {
    if (project !== this.project) {
      this._onNotebook(null, 'kernel');
    }
  }

  private _onLost(_: RunsModel, project: string): void {
    if (project === this.project) {
      this._onNotebook(null, 'kernel');
    }
  }

  private _setProject(project: string | null): void {
    if (project !== this._watched) {
      this._watch?.dispose();
      this._watched = project;
      this._watch = project ? this.runs.watch(project) : null;
    }
  }

  private _update(): void {
    if (!this._disposed) {
      this._list();
      this._changed.emit();
    }
  }

  /** A run that goes on tells how far it is all the time: only who shows that is to hear of it. */
  private _onRuns(): void {
    const [before, connection] = [this._rows, this._connection];
    this._list();
    const same = connection === this._connection && sameButFigures(before, this._rows);
    (same ? this._figures : this._changed).emit();
  }

  private _list(): void {
    const runs = this.project ? this.runs.runs(this.project) : [];
    this._rows = listRows(this.notebook.cells(), this._saved, runs);
    this._connection = this.runs.connection;
  }

  private _asks = false;
  /** Requests under way. */
  private _asking = 0;
  private _connection: Connection | null = null;
  private _context: IContext | null = null;
  private _disposed = false;
  private _error: string | null = null;
  private readonly _ranAs = new Map<string, string>();
  private _path: string | null = null;
  private _round = 0;
  private _rows: IRow[] = [];
  private _saved: ITransform[] = [];
  private _timer = 0;
  private _watch: IDisposable | null = null;
  private _watched: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _figures = new Signal<this, void>(this);
}
