/** What the panel is about: the current notebook, its transforms, the selected run. */
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { RefusedError } from '../requests';
import type { Requests } from '../requests';
import { ENDED } from '../tokens';
import type { IContext, IRun, IRunDetail, ITransform } from '../tokens';
import { AskedRuns } from './asked';
import { sameSource } from './cells';
import { nameOf } from './marks';
import type { IOpenCell } from './cells';
import type { ICountable } from './counts';
import { listRows } from './rows';
import type { IRow } from './rows';
import type { RunModel } from './run';
import type { RunsModel } from './runs';

/** The notebook in front, as far as the panel needs it. */
export interface IOpenNotebook {
  readonly path: string;
  readonly kernel: string | null;
  cells(): IOpenCell[];
  /** What says which datums a cell has; null: it is gone, or somebody else's and not trusted. */
  countable(cell: string): ICountable | null;
  /** Saved, edited, or with another kernel. */
  readonly changed: ISignal<unknown, 'saved' | 'edited' | 'kernel'>;
}

/**
 * Where a run of a transform takes its code from: the open cell in its kernel, the saved cell in
 * a kernel that is started for it, or what was recorded.
 */
export type Way = 'cell' | 'saved' | 'recorded';

/** What the panel shows; no widget, no React. */
export class PanelModel implements IDisposable {
  constructor(
    readonly runs: RunsModel,
    private readonly _requests: Pick<Requests, 'context' | 'transforms' | 'run'>
  ) {
    this.asked = new AskedRuns(runs);
    runs.changed.connect(this._onRuns, this);
    runs.runChanged.connect(this._onRun, this);
    runs.projectShown.connect(this._onProject, this);
    runs.projectLost.connect(this._onLost, this);
  }

  /** Runs that were asked for here and have not begun. */
  readonly asked: AskedRuns;

  /** Anything but a run's figures has changed. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  get notebook(): IOpenNotebook | null {
    return this._notebook;
  }
  get context(): IContext | null {
    return this._context;
  }
  get project(): string | null {
    return this._context?.project ?? null;
  }
  /** Whether nothing can be known of runs, since the ledger cannot be read. */
  get unreadable(): boolean {
    const state = this._context?.state;
    return state === 'damaged' || state === 'newer' || state === 'older';
  }
  /** Why the server gives no context. */
  get error(): string | null {
    return this._error;
  }
  get rows(): readonly IRow[] {
    return this._rows;
  }
  get selected(): string | null {
    return this._selected;
  }
  get row(): IRow | null {
    return this._rows.find(row => row.name === this._selected) ?? null;
  }
  /** The run that is shown. */
  get run(): RunModel | null {
    return this._held?.model ?? null;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Be about another notebook. */
  setNotebook(notebook: IOpenNotebook | null): void {
    this._notebook?.changed.disconnect(this._onNotebook, this);
    this._notebook = notebook;
    this._saved = [];
    this._selected = null;
    notebook?.changed.connect(this._onNotebook, this);
    void this.refresh();
  }

  /** Show another transform. */
  select(name: string): void {
    if (!this._rows.some(row => row.name === name)) {
      this._update(); // typed a moment ago: the cells have not been read again yet
    }
    if (this._rows.some(row => row.name === name)) {
      this._selected = name;
      this._update();
    }
  }

  /** Ask anew in a moment, together with what else is to be asked for then. */
  refreshSoon(): void {
    this._onNotebook(null, 'kernel');
  }

  /** Ask for context and transforms anew. */
  async refresh(): Promise<void> {
    const round = ++this._round;
    const notebook = this._notebook;
    if (!notebook) {
      this._context = null;
      this._setProject(null);
      this._update();
      return;
    }
    try {
      const { path, kernel } = notebook;
      const context = await this._requests.context(path, kernel);
      const known = context.state !== 'no-files' && context.state !== 'damaged';
      const saved = known ? await this._transforms(path, kernel) : [];
      if (round === this._round && !this._disposed) {
        this._error = null;
        this._context = context;
        this._saved = saved;
        this._setProject(context.project);
        if (context.kernel && kernel) {
          this.runs.draw(kernel); // it has loaded us, and we show its runs
        }
      }
    } catch (reason) {
      if (round === this._round) {
        this._error = reason instanceof Error ? reason.message : String(reason);
      }
    }
    this._update();
  }

  /** A run with its recorded cell; asked for once. */
  async recorded(run: Pick<RunModel, 'project' | 'uuid'>): Promise<IRunDetail> {
    let detail = this._recorded.get(run.uuid);
    if (!detail) {
      detail = this._requests.run(run.project, run.uuid);
      this._recorded.set(run.uuid, detail);
      detail.catch(() => this._recorded.delete(run.uuid));
    }
    return detail;
  }

  /** Whether the text of a cell is another than a run recorded. */
  async isEdited(source: string, run: Pick<IRun, 'uuid'>): Promise<boolean | null> {
    const { project } = this;
    if (!project) {
      return null;
    }
    const recorded = await this.recorded({ project, uuid: run.uuid });
    return !sameSource(source, this._ranAs.get(recorded.source) ?? recorded.source);
  }

  /** Whether the open cell of a transform's latest run is another than it recorded; null: not known. */
  async editedSince(run: string): Promise<boolean | null> {
    const id = this._rows.find(row => row.run?.uuid === run)?.cell;
    const cell = id ? this._notebook?.cells().find(one => one.id === id) : undefined;
    return cell ? this.isEdited(cell.source, { uuid: run }).catch(() => null) : null;
  }

  /** A cell was run as `code`, with options of that one run: it counts as run as it stands. */
  ranAs(source: string, code: string): void {
    this._ranAs.set(code, source);
  }

  /** How the selected transform would be run; null if it can't be. */
  get way(): Way | null {
    const row = this.row;
    if (!row?.cell) {
      return row?.run ? 'recorded' : null;
    }
    if (row.run && this._edited !== true && row.run.retryable === null) {
      return 'recorded';
    }
    return this.wayOfCell;
  }

  /** The same where the cell's own text is needed, as it stands or with more options. */
  get wayOfCell(): Way | null {
    const { row } = this;
    if (!row?.cell) {
      return null;
    }
    return this._notebook?.kernel && this._marked(row.cell) ? 'cell' : 'saved';
  }

  /** Whether the open cell differs from what the shown run recorded; null: not known. */
  get edited(): boolean | null {
    return this._edited;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._notebook?.changed.disconnect(this._onNotebook, this);
    window.clearTimeout(this._timer);
    this._watch?.dispose();
    this._held?.dispose();
    this.asked.dispose();
    Signal.clearData(this);
  }

  private async _transforms(path: string, kernel: string | null): Promise<ITransform[]> {
    try {
      return await this._requests.transforms(path, kernel);
    } catch (reason) {
      // A notebook that was never saved has no transforms; its cells are seen all the same.
      if (reason instanceof RefusedError) {
        return [];
      }
      throw reason;
    }
  }

  private _onNotebook(_: unknown, what: 'saved' | 'edited' | 'kernel'): void {
    window.clearTimeout(this._timer);
    // An edit (outputs count as such) must not take the place of what is to be asked for.
    this._asks ||= what !== 'edited';
    // Typing is not worth a request: only the cells are read again.
    this._timer = window.setTimeout(() => this._look(), this._asks ? 300 : 500);
  }

  private _look(): void {
    const asks = this._asks;
    this._asks = false;
    if (asks) {
      void this.refresh();
    } else {
      this._update();
    }
  }

  private _onRuns(): void {
    this._update();
  }

  private _onRun(_: RunsModel, run: IRun): void {
    // A run that begins is what one wants to see, if its cell is in this notebook.
    const row = this._rows.find(one => one.name === run.name);
    if (row?.cell && !ENDED.has(run.status) && run.id > (row.run?.id ?? 0)) {
      this._selected = run.name;
    }
  }

  /** The first run of a new project is shown in its cell before we can know of the project. */
  private _onProject(_: RunsModel, project: string): void {
    if (this._notebook && project !== this.project) {
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
    const runs = this.project ? this.runs.runs(this.project) : [];
    this._rows = listRows(this._notebook?.cells() ?? [], this._saved, runs);
    if (!this._rows.some(row => row.name === this._selected)) {
      this._selected = (this._rows.find(row => row.run) ?? this._rows[0])?.name ?? null;
    }
    this._hold(this.row?.run ?? null);
    this._changed.emit();
    void this._compare();
  }

  /** Whether a cell bears the magic, so that its run is the run of its transform. */
  private _marked(id: string): boolean {
    const cell = this._notebook?.cells().find(one => one.id === id);
    return cell !== undefined && nameOf(cell) !== null;
  }

  private _hold(run: IRun | null): void {
    if (run?.uuid === this._held?.model.uuid && this._held?.model.project === this.project) {
      return;
    }
    this._held?.dispose();
    this._held = run && this.project ? this.runs.hold(this.project, run.uuid) : null;
    if (run) {
      this._held?.model.learn(run);
    }
    this._edited = null;
  }

  private async _compare(): Promise<void> {
    const run = this.run;
    // Not known: the button then offers the recorded code, which needs no comparing.
    const edited = run ? await this.editedSince(run.uuid) : null;
    if (run === this.run && edited !== this._edited && !this._disposed) {
      this._edited = edited;
      this._changed.emit();
    }
  }

  private _asks = false;
  private _context: IContext | null = null;
  private _disposed = false;
  private _edited: boolean | null = null;
  private _error: string | null = null;
  private _held: ReturnType<RunsModel['hold']> | null = null;
  private _notebook: IOpenNotebook | null = null;
  private readonly _ranAs = new Map<string, string>();
  private readonly _recorded = new Map<string, Promise<IRunDetail>>();
  private _round = 0;
  private _rows: IRow[] = [];
  private _saved: ITransform[] = [];
  private _selected: string | null = null;
  private _timer = 0;
  private _watch: IDisposable | null = null;
  private _watched: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
