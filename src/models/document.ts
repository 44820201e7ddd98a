/** What one run document is about: a run, the tab in front, the datum that is looked at. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { RefusedError } from '../requests';
import type { Requests } from '../requests';
import { DatumModel, keepFresh } from './datum';
import type { RunModel } from './run';
import type { IHeldModel, RunsModel } from './runs';

/** Where a run document stands: what the restorer keeps, and what a command gives. */
export interface IPlace {
  project: string;
  /** The run's uuid. */
  run: string;
  tab: string;
  /** What the table shows, in its own grammar. */
  filter: string;
  /** The table's order, its columns where they were chosen, and the run it is compared with. */
  sort: string;
  columns: string;
  other: string;
  /** The failure group, or the datum, that is open. */
  group: number | null;
  datum: number | null;
  /** The file whose users are listed (contents path); empty: the lineage of the datum. */
  file: string;
}

/** Milliseconds between two questions about a run that nobody tells of. */
const LONGEST = 60_000;

/** One run document; its tabs share it, so that what is chosen in one is chosen in all. */
export class DocumentModel implements IDisposable {
  constructor(
    readonly runs: RunsModel,
    readonly requests: Requests,
    place: Pick<IPlace, 'project' | 'run'> & Partial<IPlace>,
    private readonly _patience = 1000
  ) {
    this._held = runs.hold(place.project, place.run);
    this._watch = runs.watch(place.project);
    this.datum = new DatumModel(requests, place.project, place.run);
    this.datum.changed.connect(this._onDatum, this);
    this._fresh = keepFresh(this.datum, runs.told);
    void this._learn();
    this.go(place);
  }

  /** The datum that is looked at. */
  readonly datum: DatumModel;

  /** The tab, the filter, or what is chosen has changed; the run has its own signal. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  get run(): RunModel {
    return this._held.model;
  }
  get project(): string {
    return this.run.project;
  }
  get tab(): string {
    return this._tab;
  }
  get filter(): string {
    return this._filter;
  }
  get sort(): string {
    return this._sort;
  }
  get columns(): string {
    return this._columns;
  }
  get other(): string {
    return this._other;
  }
  get group(): number | null {
    return this._group;
  }
  /** The file whose users are listed; empty: none. */
  get file(): string {
    return this._file;
  }
  /** Its place, to come back to. */
  get place(): IPlace {
    const { project, uuid: run } = this.run;
    const datum = this.datum.datum?.id ?? null;
    const { tab, filter, sort, columns, other, group, file } = this;
    return { project, run, tab, filter, sort, columns, other, group, datum, file };
  }
  get isDisposed(): boolean {
    return this._held.isDisposed;
  }

  /** Show another tab, filter, group or datum; what is left out stays. */
  go(to: Partial<Omit<IPlace, 'project' | 'run'>>): void {
    this._tab = to.tab ?? this._tab;
    this._filter = to.filter ?? this._filter;
    this._sort = to.sort ?? this._sort;
    this._columns = to.columns ?? this._columns;
    this._other = to.other ?? this._other;
    this._group = to.group === undefined ? this._group : to.group;
    // Who asks for a datum wants its lineage, and no longer what has read a file.
    this._file = to.file ?? (typeof to.datum === 'number' ? '' : this._file);
    if (typeof to.datum === 'number' && to.datum !== this.datum.wanted) {
      void this.datum.open(to.datum);
    }
    this._changed.emit();
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this.datum.changed.disconnect(this._onDatum, this);
    this._fresh.dispose();
    this._held.dispose();
    this._watch.dispose();
    Signal.clearData(this);
  }

  /**
   * A run that no list has told of yet is asked for; again, ever later, while nobody answers.
   * A refusal is an answer: there is no such run.
   */
  private async _learn(wait = this._patience): Promise<void> {
    const { run, requests } = this;
    if (run.info || this.isDisposed) {
      return;
    }
    try {
      const info = await requests.run(run.project, run.uuid);
      if (!this.isDisposed) {
        run.learn(info);
      }
    } catch (reason) {
      const refused = reason instanceof RefusedError && reason.status < 500;
      if (!refused && !this.isDisposed) {
        this._timer = window.setTimeout(() => void this._learn(Math.min(2 * wait, LONGEST)), wait);
      }
    }
  }

  private _onDatum(): void {
    this._changed.emit();
  }

  private readonly _fresh: IDisposable;
  private readonly _held: IHeldModel;
  private readonly _watch: IDisposable;
  private _timer = 0;
  private _tab = 'overview';
  private _filter = '';
  private _sort = '';
  private _columns = '';
  private _other = '';
  private _file = '';
  private _group: number | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
