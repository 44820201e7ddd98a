/** Runs that this page has asked for, from the click until they begin or are refused. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IHeldRun, IRunModel, IRunsModel } from '../tokens';

interface IAskedRun {
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

/** At most one a transform: a second one would be refused while the first goes on. */
export class AskedRuns implements IDisposable {
  constructor(private readonly _runs: Pick<IRunsModel, 'hold'>) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Follow a cell that its kernel is to run, until it does. */
  async queue(name: string, queued: IQueued, done: Promise<boolean>): Promise<boolean> {
    this._queued.set(name, queued);
    this._changed.emit();
    try {
      return await done;
    } finally {
      if (this._queued.get(name) === queued) {
        this._queued.delete(name);
        this._changed.emit();
      }
    }
  }

  /** The cell of this transform that its kernel has not come to, where `run` is its newest run. */
  queued(name: string, run: string | null): IQueued | null {
    const queued = this._queued.get(name);
    return queued?.before === run ? queued : null;
  }

  /** Whether a run of this transform is asked for and has not begun. */
  waits(name: string): boolean {
    const asked = this._asked.get(name);
    return asked !== undefined && asked.refused === null;
  }

  /** Why the last run that was asked for has not begun; null if nothing is known against it. */
  refused(name: string): string | null {
    return this._asked.get(name)?.refused ?? null;
  }

  /** Follow a run until it begins, or is refused. */
  follow(project: string, name: string, run: string): void {
    this._asked.get(name)?.held.dispose();
    const held = this._runs.hold(project, run);
    this._asked.set(name, { held, refused: null });
    held.model.changed.connect(this._onRun, this);
    this._onRun(held.model);
    this._changed.emit();
  }

  dispose(): void {
    this._disposed = true;
    this._asked.forEach(({ held }) => held.dispose());
    this._asked.clear();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onRun(model: IRunModel): void {
    for (const [name, asked] of this._asked) {
      if (asked.held.model !== model || asked.refused !== null) {
        continue;
      }
      if (model.counts === null && model.error === null) {
        return;
      }
      model.changed.disconnect(this._onRun, this);
      if (model.counts !== null) {
        this._asked.delete(name);
      } else {
        asked.refused = model.error;
      }
      asked.held.dispose();
      this._changed.emit();
    }
  }

  private _disposed = false;
  private readonly _asked = new Map<string, IAskedRun>();
  private readonly _queued = new Map<string, IQueued>();
  private readonly _changed = new Signal<this, void>(this);
}
