/** Runs that this page has asked for, from the click until they begin or are refused. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IHeldRun, IRunModel, IRunsModel } from '../tokens';

interface IAskedRun {
  name: string;
  project: string;
  /** The notebook in front when it was asked for: it may not know its project yet. */
  place: object | null;
  held: IHeldRun;
  /** The runner's sentence, if it says no. */
  refused: string | null;
}

/** A cell that was given to its kernel. */
export interface IQueued {
  /** The run of its transform until then. */
  before: string | null;
  /** The kernel was at work on something else. */
  busy: boolean;
}

/** What tells transforms of one name apart: the notebook in front, and its project. */
export interface IFrontPlace {
  readonly notebook: object | null;
  readonly project: string | null;
}

/** At most one a transform: a second one would be refused while the first goes on. */
export class AskedRuns implements IDisposable {
  constructor(
    private readonly _runs: Pick<IRunsModel, 'hold'>,
    private readonly _front: IFrontPlace
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Follow a cell that its kernel is to run, until it does. */
  async queue(name: string, queued: IQueued, done: Promise<boolean>): Promise<boolean> {
    const here = this._queuedHere;
    here.set(name, queued);
    this._changed.emit();
    try {
      return await done;
    } finally {
      if (here.get(name) === queued) {
        here.delete(name);
        this._changed.emit();
      }
    }
  }

  /** The cell of this transform that its kernel has not come to, where `run` is its newest run. */
  queued(name: string, run: string | null): IQueued | null {
    const queued = this._queuedHere.get(name);
    return queued?.before === run ? queued : null;
  }

  /** Whether a run of this transform is asked for and has not begun. */
  waits(name: string): boolean {
    return this._here(name)?.refused === null;
  }

  /** Why the last run that was asked for has not begun; null if nothing is known against it. */
  refused(name: string): string | null {
    return this._here(name)?.refused ?? null;
  }

  /** Follow a run until it begins, or is refused. */
  follow(project: string, name: string, run: string): void {
    const former = this._asked.find(one => one.name === name && one.project === project);
    this._drop(former);
    const held = this._runs.hold(project, run);
    const place = this._front.notebook;
    this._asked.push({ name, project, place, held, refused: null });
    held.model.changed.connect(this._onRun, this);
    this._onRun(held.model);
    this._changed.emit();
  }

  dispose(): void {
    this._disposed = true;
    this._asked.forEach(({ held }) => held.dispose());
    this._asked = [];
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onRun(model: IRunModel): void {
    for (const asked of [...this._asked]) {
      if (asked.held.model !== model || asked.refused !== null) {
        continue;
      }
      if (model.counts === null && model.error === null) {
        return;
      }
      model.changed.disconnect(this._onRun, this);
      if (model.counts !== null) {
        this._drop(asked);
      } else {
        asked.refused = model.error;
        asked.held.dispose();
      }
      this._changed.emit();
    }
  }

  private _drop(asked: IAskedRun | undefined): void {
    asked?.held.dispose();
    this._asked = this._asked.filter(one => one !== asked);
  }

  /** What was asked for last of a transform of the notebook in front. */
  private _here(name: string): IAskedRun | undefined {
    const { notebook, project } = this._front;
    return this._asked.find(
      one =>
        one.name === name && (project === null ? one.place === notebook : one.project === project)
    );
  }

  private get _queuedHere(): Map<string, IQueued> {
    const key = this._front.notebook ?? this;
    const known = this._queued.get(key) ?? new Map<string, IQueued>();
    this._queued.set(key, known);
    return known;
  }

  private _disposed = false;
  private _asked: IAskedRun[] = [];
  private readonly _queued = new WeakMap<object, Map<string, IQueued>>();
  private readonly _changed = new Signal<this, void>(this);
}
