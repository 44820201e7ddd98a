/** What the commands do: requests, and cells that are run. No widget is made here. */
import type { OpenNotebook } from './cells/opennotebook';
import { language } from './language';
import { isAddress, isPlain, markedCells, withOptions } from './models/cells';
import type { IOnce, IOpenCell } from './models/cells';
import { asTransform } from './models/marks';
import type { ChoicesModel } from './models/choices';
import type { PanelModel } from './models/panel';
import { live } from './models/pipeline';
import type { IPlanned, PlansModel } from './models/plans';
import type { RunModel } from './models/run';
import { key, wanted } from './models/wanted';
import type { Requests } from './requests';
import { Retries } from './retries';
import { SavedCells } from './saved';
import type { IAsked, IRecipe, IUpkeep, RequestKind, Verb } from './tokens';
import { which } from './which';
import type { IRunIds, IWhich } from './which';

/** What can be done to runs. */
export class Actions {
  constructor(
    private readonly _requests: Requests,
    private readonly _panel: PanelModel,
    private readonly _plans: PlansModel,
    private readonly _choices: ChoicesModel,
    private readonly _notebook: (path?: string) => OpenNotebook | null,
    private readonly _front: () => RunModel | null = () => null
  ) {
    this._saved = new SavedCells(_requests, _panel);
    this.retries = new Retries(_requests, _panel, _notebook, this._saved, args => this.which(args));
  }

  /** What is run again. */
  readonly retries: Retries;

  /** The run that is meant. */
  which(args: IWhich): IRunIds {
    return which(args, this._panel, this._front());
  }

  /** Where a table can be downloaded. */
  fileOf(args: IWhich, query: { filter?: string; sort?: string }): { url: string; name: string } {
    const { project, run } = this.which(args);
    return { url: this._requests.fileUrl(project, run, query), name: `run-${run.slice(0, 8)}.csv` };
  }

  /** Say that failures like those of a group are expected, or are not any more. */
  async expect(args: IWhich, group: number, undo: boolean): Promise<{ expected: boolean }> {
    const { project, run } = this.which(args);
    return { expected: (await this._requests.expect(project, run, group, undo)) !== null };
  }

  /**
   * Run a transform of the panel: the open cell where it was edited since, or has never run;
   * else what was recorded. No kernel need be open: for an edited cell the server starts one.
   * What `said` leaves out is as chosen in *Run with*, whoever asks.
   */
  async run(
    name: string | undefined,
    said: IOnce
  ): Promise<IAsked | { cell: string; ok: boolean }> {
    if (name !== undefined) {
      this._panel.select(name);
    }
    const { row, project } = this._panel;
    this._meant(name);
    const chosen = this._choices.of(row?.name ?? '');
    // Who names datums means these alone.
    const once = { ...chosen, ...(said.keys ? { which: undefined } : {}), ...said };
    // An address has to be signed: so it goes into the cell, though that is as it was recorded.
    const way =
      isAddress(once.engine) || this._isOther(row?.name) ? this._panel.wayOfCell : this._panel.way;
    const planned = this._plans.recipe;
    this._plans.close(); // it is carried out, or out of date in a moment
    this._plans.forget(row?.name ?? '');
    if (row && once.keys?.length) {
      return this._runPlanned(row.name, planned, once);
    }
    if (row && once.needs) {
      return this._saved.run(this._notebook(), row.name, once);
    }
    if (row && way === 'cell') {
      const { asked } = this._panel;
      const before = row.run?.uuid ?? null;
      if (asked.queued(row.name, before)) {
        throw new Error(
          language.trans.__('%1 waits for its kernel already, and runs when that is free', row.name)
        );
      }
      const queued = { before, busy: this._notebook()?.busy ?? false };
      const done = this._runCellOnce(row.cell ?? '', once);
      return { cell: row.name, ok: await asked.queue(row.name, queued, done) };
    }
    if (row && way === 'saved') {
      return this._saved.run(this._notebook(), row.name, once);
    }
    if (!row || way === null || project === null) {
      throw new Error(
        name === undefined
          ? language.trans.__('there is no transform to run here')
          : language.trans.__('there is nothing to run of %1 here', name)
      );
    }
    const asked = await this._requests.start(project, { ...wanted(once), transform: row.name });
    this._panel.asked.follow(project, row.name, asked.run);
    return asked;
  }

  /** Whether the kernel's code, by the plan that is shown, is other than what was recorded. */
  private _isOther(name: string | undefined): boolean {
    const { plan, recipe } = this._plans;
    const other = recipe?.recipe !== undefined && Object.keys(plan?.parts ?? {}).length > 0;
    return other && this._plans.name === name && this._panel.wayOfCell === 'cell';
  }

  /** A name that nobody knows must not mean the transform that was chosen before. */
  private _meant(name: string | undefined): void {
    if (name !== undefined && this._panel.row?.name !== name) {
      throw new Error(language.trans.__('there is no transform %1 here', name));
    }
  }

  /** Single datums of a plan are run with the very code that was planned. */
  private async _runPlanned(
    transform: string,
    planned: IPlanned | null,
    once: IOnce
  ): Promise<IAsked> {
    if (planned?.transform !== transform) {
      throw new Error(language.trans.__('plan %1 first: its datums are chosen there', transform));
    }
    const { project, recipe } = planned;
    const how = { ...wanted(once), ...(recipe ? { recipe } : {}), keys: once.keys };
    const asked = await this._requests.start(project, { ...how, transform });
    this._panel.asked.follow(project, transform, asked.run);
    this._panel.refreshSoon(); // it may be the first run of its project
    return asked;
  }

  private async _runCellOnce(id: string, once: IOnce): Promise<boolean> {
    const notebook = this._notebook();
    const cell = notebook?.cells().find(one => one.id === id);
    const code = cell && !isPlain(once) ? withOptions(asTransform(cell), once) : null;
    if (!notebook || !cell) {
      throw new Error(language.trans.__('the cell of this transform is not in the open notebook'));
    }
    if (code === null && cell.mark) {
      return notebook.runWith(id, asTransform(cell)); // Shift+Enter would take one datum
    }
    if (code === null) {
      return notebook.run(id);
    }
    this._panel.ranAs(cell.source, code);
    return notebook.runWith(id, code);
  }

  /**
   * Plan a transform: the open cell as it stands, recorded by its kernel, or by one that the server
   * starts, where it was edited or never ran; else the code that ran last.
   */
  async plan(name: string | undefined): Promise<IUpkeep | null> {
    if (name !== undefined) {
      this._panel.select(name);
    }
    const { row, way, project } = this._panel;
    this._meant(name);
    if (!row || way === null || (way === 'recorded' && project === null)) {
      throw new Error(
        name === undefined
          ? language.trans.__('there is no transform to plan here')
          : language.trans.__('there is nothing to plan of %1 here', name)
      );
    }
    if (way === 'cell') {
      return this._plans.make(row.name, this.sourceOf(row.name), () =>
        this._record(row.cell ?? '')
      );
    }
    const source = this.sourceOf(row.name);
    if (way === 'saved') {
      return this._plans.make(row.name, source, () =>
        this._saved.record(this._notebook(), row.name)
      );
    }
    const recipe = { project: project!, transform: row.name };
    const idle = this._panel.wayOfCell === 'cell' && !this._notebook()?.busy;
    return this._plans.make(row.name, source, async () => {
      // What the cell calls may be another by now: the kernel in which it has run knows.
      const told = idle ? await this._record(row.cell ?? '').catch(() => null) : null;
      return told?.ran ? told : recipe;
    });
  }

  /** Prune, move or mark as equivalent by the plan that is shown; it is planned again then. */
  decide(verb: Verb, more: { all?: boolean; undo?: boolean } = {}): Promise<IUpkeep | null> {
    return this._plans.decide(verb, more);
  }

  /** The text of the open cell of a transform. */
  sourceOf(name: string): string | undefined {
    const id = this.cellOf(name);
    return this._notebook()
      ?.cells()
      .find(cell => cell.id === id)?.source;
  }

  private async _record(id: string): Promise<IRecipe> {
    const notebook = this._notebook();
    if (!notebook) {
      throw new Error(language.trans.__('the notebook of this transform is not open'));
    }
    return notebook.record(id);
  }

  /** Pause, resume, scale or stop a run, change its rule for failures, or detach its cell. */
  async request(
    args: IWhich,
    kind: RequestKind,
    more: { workers?: number; on_error?: string } = {}
  ): Promise<{ request: string }> {
    const { project, run } = this.which(args);
    const asked = await this._requests.request(project, run, kind, more);
    if (kind === 'detach') {
      const held = this._panel.runs.hold(project, run);
      held.model.detach();
      held.dispose();
    }
    return asked;
  }

  /** Save the report on a transform as a file of the browser's, or show it in a page of its own. */
  async report(
    project: string,
    transform: string,
    show: boolean
  ): Promise<{ name: string; url: string | null }> {
    const name = `${transform} report.html`;
    if (show) {
      const url = this._requests.reportUrl(project, transform);
      window.open(url, '_blank', 'noopener');
      return { name, url };
    }
    saveFile(await this._requests.report(project, transform), name);
    return { name, url: null };
  }

  /** Bring the ledger of the notebook in front, which an older version wrote, up to date. */
  async upgrade(): Promise<{ schema: number }> {
    const { project } = this._panel;
    if (project === null) {
      throw new Error(language.trans.__('no notebook with a ledger is open'));
    }
    const upgraded = await this._requests.upgrade(project);
    await this._panel.refresh();
    return upgraded;
  }

  /** Run what is due of all transforms of the open notebook, under one id. */
  async runAll(): Promise<IAsked> {
    const notebook = this._notebook();
    const last = this._panel.rows.filter(row => row.cell !== null).pop();
    if (!notebook || !last) {
      throw new Error(language.trans.__('no notebook with transforms is open'));
    }
    this._plans.close();
    await notebook.save();
    const asked = await this._requests.startAll(notebook.path, key());
    this._panel.asked.follow(asked.project, last.name, asked.run);
    this._panel.refreshSoon(); // they may be the first runs of their project
    return asked;
  }

  /** Stop all runs of the open notebook's transforms; what is done is kept. */
  async stopAll(): Promise<{ runs: string[] }> {
    const { project, rows } = this._panel;
    const going = live(rows.filter(row => row.cell !== null));
    const runs = going.map(row => row.run!.uuid);
    // What is fed stops first: else it would go on for a moment with what it has.
    await Promise.all(runs.reverse().map(run => this._requests.request(project!, run, 'cancel')));
    return { runs };
  }

  /** Run the marked cell of a transform, or the one that has `source` as a line: a new first cell else. */
  async runCell(name: string | undefined, source: string | undefined): Promise<boolean> {
    const notebook = this._notebook();
    if (!notebook) {
      return false;
    }
    if (source !== undefined) {
      const has = (cell: IOpenCell) =>
        cell.code && (cell.source === source || cell.source.split('\n').includes(source));
      const there = notebook.cells().find(has)?.id;
      return notebook.run(there ?? notebook.insert(source, 'first'));
    }
    const cell = this.cellOf(name);
    return cell !== null && notebook.run(cell);
  }

  /** The id of the open cell of a transform. */
  cellOf(name: string | undefined): string | null {
    const wanted = name ?? this._panel.selected;
    const row = this._panel.rows.find(one => one.name === wanted);
    const cells = markedCells(this._notebook()?.cells() ?? []);
    return row?.cell ?? cells.find(cell => cell.name === wanted)?.id ?? null;
  }

  private readonly _saved: SavedCells;
}

/** Give the browser a file to save. */
function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may be slow to ask
}
