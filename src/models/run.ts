/** One run as the page knows it: counts, groups, workers, and a byte a datum. */
import { Signal } from '@lumino/signaling';

import { applyDelta, inflate } from '../codec';
import type { Frame, IStates } from '../codec';
import { ENDED } from '../tokens';
import type { ICluster, ICounts, IGroup, IOther, IRun, IRunModel, IWorker } from '../tokens';
import { inTurn } from '../turns';
import { besideFigures } from './figures';
import { Pace } from './pace';

/** What the server says when a run cannot be followed. */
export interface ITrouble {
  code: string;
  message: string;
}

/** A run, fed by frames. It never asks for anything itself. */
export class RunModel implements IRunModel {
  constructor(
    readonly project: string,
    readonly uuid: string
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** States from the first to behind the second position are others: for who paints them. */
  get touched(): Signal<this, readonly [number, number]> {
    return this._touched;
  }
  get info(): IRun | null {
    return this._info;
  }
  get counts(): ICounts | null {
    return this._counts;
  }
  get total(): number {
    return this._total;
  }
  get states(): Uint8Array {
    return this._states;
  }
  get groups(): readonly IGroup[] {
    return this._groups;
  }
  get other(): IOther | null {
    return this._other;
  }
  get workers(): readonly IWorker[] {
    return this._workers;
  }
  /** What it runs on, while it does; null: not known. */
  get cluster(): ICluster | null {
    return this._cluster && asSeen(this._cluster, this._workers);
  }
  get error(): string | null {
    return this._trouble?.message ?? null;
  }
  /** Why it cannot be followed, with the protocol's word for it. */
  get trouble(): ITrouble | null {
    return this._trouble;
  }
  get rate(): number {
    return this._pace.rate;
  }
  get history(): number[] {
    return this._pace.history;
  }
  get eta(): readonly [number, number, number] | null {
    const counts = this._counts;
    if (!counts || !counts.planned || counts.status !== 'running') {
      return null;
    }
    return this._pace.left(this._total - settled(counts));
  }
  /** Seconds since a datum came to its end, or since this page first looked. */
  idle(now: number): number {
    return Math.max(0, now - this._moved[1]);
  }
  /**
   * Seconds without progress, if they are too many: 30, and five times what nearly all datums
   * take. `slow` is that, where somebody knows it. Null too where nothing is heard of the run.
   */
  stalled(now: number, slow: number | null): number | null {
    const counts = this._counts;
    if (counts?.status !== 'running' || !counts.running || this._lost) {
      return null;
    }
    const mean = counts.executions ? counts.seconds / counts.executions : 0;
    const idle = this.idle(now);
    return idle > Math.max(30, 5 * (slow ?? 3 * mean)) ? idle : null;
  }
  /** Whether nothing is heard of it since the socket was lost. */
  get lost(): boolean {
    return this._lost;
  }
  /** Whether nothing more will happen in this run. */
  get ended(): boolean {
    return this._counts !== null && ENDED.has(this._counts.status);
  }

  /** Take what a list, or the run's own page, says. */
  learn(run: IRun): void {
    const info = { ...this._info, ...run };
    const same = this._info !== null && besideFigures(info) === besideFigures(this._info);
    this._info = info;
    // Frames of this very run are newer than those of the list, while they come.
    if (this._seq < 0) {
      this._count(run, run.total);
    } else if (same && this._counts?.status === run.status) {
      return; // the frame that comes next is drawn, with what else the list says of the run
    } else if (this._counts) {
      // Only the server's list knows that the runner is gone.
      this._counts = { ...this._counts, status: run.status, ended: run.ended };
    }
    inTurn(() => this._changed.emit());
  }

  /** Whether somebody here has freed the cell that waited for it. */
  get detached(): boolean {
    return this._detached;
  }

  /** No cell waits for it any more. */
  detach(): void {
    this._detached = true;
    this._changed.emit();
  }

  /** Take the clusters of its project; one of them may be its own. */
  staff(clusters: readonly ICluster[]): void {
    const mine = clusters.find(one => one.run === this.uuid && one.state !== 'gone') ?? null;
    if (mine || this._cluster) {
      this._cluster = mine;
      inTurn(() => this._changed.emit());
    }
  }

  /** Take the groups, from a frame or a request. */
  group(groups: IGroup[], other: IOther | null): void {
    this._groups = groups;
    this._other = other;
    this._changed.emit();
  }

  /** The socket is gone: the next snapshot is the base of all. */
  disconnect(): void {
    this._seq = -1;
    this._lost = true;
  }

  /**
   * Apply a frame.
   *
   * @returns false if frames are missing, so that a new snapshot is needed.
   */
  async apply(frame: Frame): Promise<boolean> {
    this._lost = false;
    const whole = await this._take(frame);
    inTurn(() => this._changed.emit());
    return whole;
  }

  private async _take(frame: Frame): Promise<boolean> {
    switch (frame.type) {
      case 'snapshot':
        await this._snapshot(frame);
        return true;
      case 'delta':
        return this._delta(frame);
      case 'groups':
        this._groups = frame.groups;
        this._other = frame.other;
        return true;
      case 'workers':
        this._workers = frame.workers;
        return true;
      case 'error':
        this._trouble = { code: frame.code, message: frame.message };
        return true;
      default:
        return true;
    }
  }

  private async _snapshot(frame: IStates<'snapshot'>): Promise<void> {
    const states = await inflate(frame.body);
    this._states = states;
    this._grow(frame.total);
    this._seq = frame.seq;
    this._trouble = null;
    this._count(frame.counts, frame.total);
    this._touched.emit([0, frame.total]);
  }

  private _delta(frame: IStates<'delta'>): boolean {
    if (this._seq < 0) {
      return true; // a snapshot is on its way
    }
    if (frame.seq !== this._seq + 1) {
      this._seq = -1;
      return false;
    }
    this._grow(frame.total);
    let range;
    try {
      range = applyDelta(this._states, frame.total, frame.body);
    } catch {
      this._seq = -1;
      return false;
    }
    this._seq = frame.seq;
    this._count(frame.counts, frame.total);
    if (range) {
      this._touched.emit([range[0], range[1] + 1]);
    }
    return true;
  }

  private _count(counts: ICounts, total: number): void {
    this._counts = counts;
    this._total = total;
    const now = Date.now() / 1000;
    const done = settled(counts) - counts.skipped;
    if (done !== this._moved[0] || counts.status !== 'running') {
      this._moved = [done, now];
    }
    this._pace.look(now, done);
  }

  /** Make room for `total` datums, with some to spare while the listing goes on. */
  private _grow(total: number): void {
    if (total > this._states.length) {
      const wider = new Uint8Array(Math.max(total, Math.ceil(this._states.length * 1.5)));
      wider.set(this._states);
      this._states = wider;
    }
  }

  private _lost = false;
  private _seq = -1;
  /** How many had come to an end, and since when that is so. */
  private _moved: [number, number] = [-1, Date.now() / 1000];
  private _detached = false;
  private _info: IRun | null = null;
  private _counts: ICounts | null = null;
  private _total = 0;
  private _states = new Uint8Array();
  private _groups: IGroup[] = [];
  private _other: IOther | null = null;
  private _workers: IWorker[] = [];
  private _cluster: ICluster | null = null;
  private _trouble: ITrouble | null = null;
  private readonly _pace = new Pace();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _touched = new Signal<this, readonly [number, number]>(this);
}

/** Datums with which nothing more happens in this run. */
export function settled(counts: ICounts): number {
  return counts.success + counts.failed + counts.recovered + counts.skipped + counts.cancelled;
}

/** Datums that are known and not begun. */
export function pending(counts: ICounts, total: number): number {
  return Math.max(0, total - counts.running - settled(counts));
}

/** A cluster with the workers that are known to be up: its owner writes down but now and then how
 * many have come. */
function asSeen(cluster: ICluster, workers: readonly IWorker[]): ICluster {
  const coming = cluster.state === 'requested' || cluster.state === 'starting';
  const up = workers.filter(worker => worker.up && worker.state !== 'gone').length;
  if (!coming || up <= cluster.up) {
    return cluster;
  }
  const all = cluster.wanted > 0 && up >= cluster.wanted;
  return { ...cluster, up, state: all ? 'ready' : 'starting' };
}
