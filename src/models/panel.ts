/** What the panel is about: the current notebook, its transforms, the selected run. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { ENDED } from '../tokens';
import type { IContext, IRun, IRunDetail } from '../tokens';
import { AskedRuns } from './asked';
import type { IOpenCell } from './cells';
import { renamed } from './kept';
import { nameOf } from './marks';
import { NotebookModel } from './notebook';
import type { IOpenNotebook, NotebookRequests } from './notebook';
import type { IRow } from './rows';
import { RecordedRuns } from './recorded';
import type { RunModel } from './run';
import type { RunsModel } from './runs';

/**
 * Where a run of a transform takes its code from: the open cell in its kernel, the saved cell in
 * a kernel that is started for it, or what was recorded.
 */
export type Way = 'cell' | 'saved' | 'recorded';

/** Where the cell of a run's transform is open. */
export interface IPlaceOfCell {
  name: string;
  /** Of its notebook. */
  path: string;
  cell: IOpenCell;
  about: NotebookModel;
}

/** Notebooks whose chosen transform is kept. */
const KEPT = 50;

/** What the panel shows; no widget, no React. */
export class PanelModel implements IDisposable {
  constructor(
    readonly runs: RunsModel,
    private readonly _requests: NotebookRequests
  ) {
    this.asked = new AskedRuns(runs, this);
    this._recorded = new RecordedRuns(_requests);
    runs.runChanged.connect(this._onRun, this);
  }

  /** Runs that were asked for here and have not begun. */
  readonly asked: AskedRuns;

  /** Anything but a run's figures has changed. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The figures of runs of the notebook that go on have changed, and nothing else. */
  get figures(): Signal<this, void> {
    return this._figures;
  }
  /** Cells of an open notebook, in front or not, may be others. */
  get cellsChanged(): Signal<this, void> {
    return this._cellsChanged;
  }
  get notebook(): IOpenNotebook | null {
    return this._about?.notebook ?? null;
  }
  get context(): IContext | null {
    return this._about?.context ?? null;
  }
  get project(): string | null {
    return this._about?.project ?? null;
  }
  /** Whether the ledger is another user's: it is shown, and nothing is run. */
  get foreign(): boolean {
    return this.context?.state === 'foreign';
  }
  get unreadable(): boolean {
    return this._about?.unreadable ?? false;
  }
  /** Whether the server runs and plans nothing here: it cannot, or must not. */
  get barred(): boolean {
    return this.foreign || this.unreadable;
  }
  get error(): string | null {
    return this._about?.error ?? null;
  }
  get rows(): readonly IRow[] {
    return this._about?.rows ?? [];
  }
  get selected(): string | null {
    return this._selected;
  }
  get row(): IRow | null {
    return this.rows.find(row => row.name === this._selected) ?? null;
  }
  /** The newest run of a transform; null: there is none. */
  latest(name: string): string | null {
    return this.rows.find(row => row.name === name)?.run?.uuid ?? null;
  }
  /** The run that is shown. */
  get run(): RunModel | null {
    return this._held?.model ?? null;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** What is known of an open notebook, in front or not; until it is closed. */
  of(notebook: IOpenNotebook): NotebookModel {
    let about = this._open.get(notebook);
    if (!about) {
      about = new NotebookModel(notebook, this.runs, this._requests, this._recorded);
      about.changed.connect(this._onCells, this);
      this._open.set(notebook, about);
    }
    return about;
  }

  /** A notebook was closed. */
  close(notebook: IOpenNotebook): void {
    if (notebook === this.notebook) {
      this.setNotebook(null);
    }
    this._open.get(notebook)?.dispose();
    this._open.delete(notebook);
    this._cellsChanged.emit();
  }

  /** Be about another notebook. */
  setNotebook(notebook: IOpenNotebook | null): void {
    this._about?.changed.disconnect(this._update, this);
    this._about?.figures.disconnect(this._onFigures, this);
    this._about = notebook ? this.of(notebook) : null;
    this._about?.changed.connect(this._update, this);
    this._about?.figures.connect(this._onFigures, this);
    this._selected = null;
    this._update();
  }

  /** Show another transform. */
  select(name: string): void {
    if (!this.rows.some(row => row.name === name)) {
      this._about?.look(); // typed a moment ago: the cells have not been read again yet
    }
    if (this.rows.some(row => row.name === name)) {
      this._choose(name);
      this._update();
    }
  }

  /** What was chosen in each notebook, by its path. */
  get chosen(): Readonly<Record<string, string>> {
    return Object.fromEntries(this._chosen);
  }

  /** Take what was chosen before a reload; what has been chosen since stays. */
  remember(chosen: Readonly<Record<string, string>>): void {
    this._chosen = new Map([...Object.entries(chosen), ...this._chosen]);
    this._update();
  }

  /** A notebook, or a folder above it, has another name. */
  rename(from: string, to: string): void {
    this._chosen = renamed(this._chosen, from, to);
    this._update();
  }

  /** Ask anew in a moment, together with what else is to be asked for then. */
  refreshSoon(): void {
    this._about?.refreshSoon();
  }

  /** Ask for context and transforms anew. */
  async refresh(): Promise<void> {
    await this._about?.refresh();
  }

  /** A run with its recorded cell; asked for once. */
  recorded(run: Pick<RunModel, 'project' | 'uuid'>): Promise<IRunDetail> {
    return this._recorded.of(run.project, run.uuid);
  }

  /** Whether the text of a cell is another than a run recorded. */
  async isEdited(source: string, run: Pick<IRun, 'uuid'>): Promise<boolean | null> {
    return (await this._about?.isEdited(source, run)) ?? null;
  }

  /**
   * The open cell of a run's transform: in the notebook that had it, wherever that stands; where
   * the server knows of none, in the one in front, or in another one.
   */
  async placeOf(project: string, run: string): Promise<IPlaceOfCell | null> {
    const { name, notebook: path } = await this.recorded({ project, uuid: run });
    const open = [...this._open.values()].filter(about => about.project === project);
    const own = open.filter(about => about.notebook.path === path);
    const front = open.filter(about => about === this._about);
    for (const about of path ? own : [...front, ...open]) {
      const row = about.cellOf(name);
      const cell = about.notebook.cells().find(one => one.id === row?.cell);
      if (cell) {
        return { name, path: about.notebook.path, cell, about };
      }
    }
    return null;
  }

  /** Whether the open cell of a run's transform is another than it recorded; null: not known. */
  async editedSince(project: string, run: string): Promise<boolean | null> {
    try {
      const place = await this.placeOf(project, run);
      return place ? await place.about.isEdited(place.cell.source, { uuid: run }) : null;
    } catch {
      return null; // the recorded code is offered then, which needs no comparing
    }
  }

  /** A cell was run as `code`, with options of that one run: it counts as run as it stands. */
  ranAs(source: string, code: string): void {
    this._about?.ranAs(source, code);
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
    if (this.notebook?.far) {
      return this.context?.kernel ? 'cell' : null; // the server cannot read its cells
    }
    // A kernel that has not loaded us knows nothing of the magic: the server starts one for it.
    const knows = this.notebook?.kernel && this.context?.state !== 'kernel-without-extension';
    return knows && this._marked(row.cell) ? 'cell' : 'saved';
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
    this._open.forEach(about => about.dispose());
    this._open.clear();
    this._held?.dispose();
    this.asked.dispose();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onRun(_: RunsModel, run: IRun): void {
    // A run that begins is what one wants to see, if its cell is in this notebook; a short one is
    // heard of when it has ended.
    const row = this.rows.find(one => one.name === run.name);
    const fresh = !ENDED.has(run.status) || run.requested * 1000 >= this._since;
    if (row?.cell && fresh && run.id > (row.run?.id ?? 0)) {
      this._choose(run.name);
    }
  }

  private _choose(name: string): void {
    const path = this.notebook?.path ?? '';
    this._chosen.delete(path); // the latest come last
    this._chosen.set(path, name);
    this._chosen = new Map([...this._chosen].slice(-KEPT));
  }

  private _update(): void {
    this._selected = this._first()?.name ?? null;
    this._hold(this.row?.run ?? null);
    this._changed.emit();
    void this._compare();
  }

  /** What is chosen; nothing: what is shown, or what has run, of another notebook if of none here. */
  private _first(): IRow | undefined {
    const { rows } = this;
    const own = rows.filter(row => row.cell !== null);
    const some = own.length ? own : rows;
    const chosen = this._chosen.get(this.notebook?.path ?? '');
    return (
      rows.find(row => row.name === chosen) ??
      some.find(row => row.name === this._selected) ??
      some.find(row => row.run) ??
      some[0]
    );
  }

  /** Whether a cell bears the magic, so that its run is the run of its transform. */
  private _marked(id: string): boolean {
    const cell = this.notebook?.cells().find(one => one.id === id);
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
    const edited = run ? await this.editedSince(run.project, run.uuid) : null;
    if (run === this.run && edited !== this._edited && !this._disposed) {
      this._edited = edited;
      this._changed.emit();
    }
  }

  private _onFigures(): void {
    this._figures.emit();
  }

  private _onCells(): void {
    this._cellsChanged.emit();
  }

  private _about: NotebookModel | null = null;
  private readonly _since = Date.now();
  private _chosen = new Map<string, string>();
  private _disposed = false;
  private _edited: boolean | null = null;
  private _held: ReturnType<RunsModel['hold']> | null = null;
  private readonly _open = new Map<IOpenNotebook, NotebookModel>();
  private readonly _recorded: RecordedRuns;
  private _selected: string | null = null;
  private readonly _cellsChanged = new Signal<this, void>(this);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _figures = new Signal<this, void>(this);
}
