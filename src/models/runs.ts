/** All runs of the page over one socket; every view of a run shares one model. */
import { DisposableDelegate } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Frame } from '../codec';
import type { Requests } from '../requests';
import { ENDED } from '../tokens';
import type { Connection, ICluster, IHeldRun, IRun, IRunsModel } from '../tokens';
import { inTurn } from '../turns';
import { USUAL } from './preferences';
import { RunModel } from './run';
import { Stream } from './stream';

/** What the runs need of requests. */
export type IRunsServer = Pick<Requests, 'socket' | 'status'>;

/** A held run with all of its model. */
export interface IHeldModel extends IHeldRun {
  readonly model: RunModel;
}

/** What was heard of a run. */
export interface ITold {
  project: string;
  run: IRun;
  before: IRun | null;
}

interface IHeld {
  model: RunModel;
  holders: number;
}

/** Runs beyond this many are forgotten, oldest first; lists show at most 50. */
const KEPT = 200;

/** The page's runs. */
export class RunsModel implements IRunsModel, IDisposable {
  constructor(server: IRunsServer) {
    this._stream = new Stream(server);
    this._stream.onOpen = () => this._resubscribe();
    this._stream.onLost = () => this._held.forEach(held => held.model.disconnect());
    this._stream.onFrame = frame => this._take(frame);
    this._stream.changed.connect(() => this._changed.emit());
    document.addEventListener('visibilitychange', this._onVisible);
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** A run was added, or changed its status. */
  get runChanged(): Signal<this, IRun> {
    return this._runChanged;
  }
  get connection(): Connection {
    return this._stream.connection;
  }
  get heard(): number {
    return this._stream.heard;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** A run as the list has it now, and as it was before: null for one not heard of. */
  get told(): Signal<this, ITold> {
    return this._told;
  }

  /** A view holds a run that none did before. */
  get followed(): Signal<this, RunModel> {
    return this._followed;
  }

  /** The runs that have not ended, of all projects that are watched. */
  going(): { project: string; run: IRun }[] {
    const all = [...this._watched.keys()].map(project => ({ project, runs: this.runs(project) }));
    return all.flatMap(({ project, runs }) =>
      runs.filter(run => !ENDED.has(run.status)).map(run => ({ project, run }))
    );
  }

  /** Somebody shows a run of this project: perhaps one that was not known before. */
  get projectShown(): Signal<this, string> {
    return this._projectShown;
  }

  /** A project cannot be followed: perhaps it was deleted, and another one begun in its place. */
  get projectLost(): Signal<this, string> {
    return this._projectLost;
  }

  /** Connect if that has not begun. */
  connect(): void {
    this._stream.start();
  }

  /** Try to connect now. */
  reconnect(): void {
    this._stream.retry();
  }

  watch(project: string): IDisposable {
    this._stream.start();
    const count = (this._watched.get(project) ?? 0) + 1;
    this._watched.set(project, count);
    if (count === 1) {
      this._stream.send({ type: 'watch', project });
    }
    return new DisposableDelegate(() => this._unwatch(project));
  }

  runs(project: string): readonly IRun[] {
    return this._runs.get(project) ?? [];
  }

  hold(project: string, run: string): IHeldModel {
    this._stream.start();
    const key = `${project}/${run}`;
    let held = this._held.get(key);
    if (!held) {
      held = { model: new RunModel(project, run), holders: 0 };
      this._held.set(key, held);
      this._projectShown.emit(project);
      this._followed.emit(held.model);
      const known = this.runs(project).find(one => one.uuid === run);
      if (known) {
        held.model.learn(known);
      }
      held.model.staff(this._clusters.get(project) ?? []);
      this._stream.send({ type: 'subscribe', project, run });
    }
    held.holders++;
    const { model } = held;
    const release = new DisposableDelegate(() => this._release(key));
    return {
      model,
      get isDisposed() {
        return release.isDisposed;
      },
      dispose: () => release.dispose()
    };
  }

  /** Tell that this page draws the runs of a kernel, so that the kernel need not. */
  draw(kernel: string): void {
    if (!this._drawn.has(kernel)) {
      this._drawn.add(kernel);
      this._stream.start();
      this._stream.send({ type: 'draw', kernel });
    }
  }

  /** Want so many frames a second of runs that are in view. */
  setRate(rate: number): void {
    if (rate !== this._rate) {
      this._rate = rate;
      this._stream.send({ type: 'rate', rate });
    }
  }

  /** Take a run as a request gave it, without waiting for the socket. */
  learn(project: string, run: IRun): void {
    const known = [...this.runs(project)];
    const place = known.findIndex(one => one.uuid === run.uuid);
    const before = place < 0 ? null : known[place];
    if (place < 0) {
      known.push(run);
    } else {
      known[place] = run;
    }
    known.sort((one, two) => two.id - one.id);
    this._runs.set(project, known.slice(0, KEPT));
    this._held.get(`${project}/${run.uuid}`)?.model.learn(run);
    this._told.emit({ project, run, before });
    if (before?.status !== run.status) {
      this._runChanged.emit(run);
    }
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    document.removeEventListener('visibilitychange', this._onVisible);
    this._stream.dispose();
    Signal.clearData(this);
  }

  private async _take(frame: Frame): Promise<void> {
    if (frame.type === 'runs') {
      inTurn(() => {
        frame.runs.forEach(run => this.learn(frame.project, run));
        this._changed.emit();
      });
      return;
    }
    if (frame.type === 'clusters') {
      this._clusters.set(frame.project, frame.clusters);
      for (const { model } of this._held.values()) {
        if (model.project === frame.project) {
          model.staff(frame.clusters);
        }
      }
      return;
    }
    if (frame.type === 'error' && frame.project && !frame.run) {
      this._projectLost.emit(frame.project);
    }
    if (!('run' in frame) || !frame.run || !frame.project) {
      return;
    }
    const { project, run } = frame;
    const held = this._held.get(`${project}/${run}`);
    if (held && !(await held.model.apply(frame))) {
      this._stream.send({ type: 'snapshot', project, run });
    }
  }

  private _resubscribe(): void {
    // A server that does not know the message says so, and goes on at its own rate.
    if (this._rate !== USUAL.rate) {
      this._stream.send({ type: 'rate', rate: this._rate });
    }
    this._drawn.forEach(kernel => this._stream.send({ type: 'draw', kernel }));
    for (const project of this._watched.keys()) {
      this._stream.send({ type: 'watch', project });
    }
    for (const { model } of this._held.values()) {
      this._stream.send({ type: 'subscribe', project: model.project, run: model.uuid });
    }
  }

  private _unwatch(project: string): void {
    const count = (this._watched.get(project) ?? 0) - 1;
    if (count > 0) {
      this._watched.set(project, count);
    } else {
      this._watched.delete(project);
      this._stream.send({ type: 'unwatch', project });
    }
  }

  private _release(key: string): void {
    const held = this._held.get(key);
    if (held && --held.holders === 0) {
      this._held.delete(key);
      const { project, uuid } = held.model;
      this._stream.send({ type: 'unsubscribe', project, run: uuid });
      Signal.clearData(held.model);
    }
  }

  private readonly _onVisible = (): void => {
    this._stream.send({ type: 'visible', visible: !document.hidden });
    if (!document.hidden && this.connection === 'lost') {
      this.reconnect();
    }
  };

  private _disposed = false;
  private _rate = USUAL.rate;
  private readonly _clusters = new Map<string, ICluster[]>();
  private readonly _drawn = new Set<string>();
  private readonly _stream: Stream;
  private readonly _runs = new Map<string, readonly IRun[]>();
  private readonly _watched = new Map<string, number>();
  private readonly _held = new Map<string, IHeld>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _projectLost = new Signal<this, string>(this);
  private readonly _projectShown = new Signal<this, string>(this);
  private readonly _followed = new Signal<this, RunModel>(this);
  private readonly _told = new Signal<this, ITold>(this);
  private readonly _runChanged = new Signal<this, IRun>(this);
}
