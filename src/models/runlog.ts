/** What one run has to tell, line by line: only what is new, and no more than a log can hold. */
import type { ICluster, IGroup, IWorker } from '../tokens';
import type { RunModel } from './run';

/** What follows a run is told of. */
export interface IRunLog {
  group(group: IGroup): void;
  worker(worker: IWorker): void;
  cluster(cluster: ICluster): void;
}

/** Kinds of failures that are told of one run: a log is read by people. */
const MOST = 100;

/** Looks at a run whenever it changes, and tells what was not there before. */
export class RunLog {
  constructor(private readonly _log: IRunLog) {}

  /** Follow a run; what a model of the same run has told is not told again. */
  follow(run: RunModel): void {
    run.changed.connect(this._look, this);
    this._look(run);
  }

  private _look(run: RunModel): void {
    const { groups, workers, cluster, ended } = run;
    for (const group of groups) {
      if (!this._groups.has(group.id) && this._groups.size < MOST) {
        this._groups.add(group.id);
        if (!ended) {
          this._log.group(group); // of a run that ended long ago it is no news
        }
      }
    }
    if (!ended) {
      this._lookAtWorkers(workers); // at the end all of them go
    }
    const state = cluster ? `${cluster.state}/${cluster.message ?? ''}` : '';
    if (cluster && state !== this._state) {
      this._log.cluster(cluster);
    }
    this._state = state;
  }

  private _lookAtWorkers(workers: readonly IWorker[]): void {
    if (workers === this._told) {
      return;
    }
    this._told = workers;
    const there = new Map(workers.filter(one => one.up).map(one => [one.worker, one]));
    for (const [name, worker] of this._workers) {
      if (!there.has(name)) {
        this._log.worker(workers.find(one => one.worker === name) ?? worker);
      }
    }
    this._workers = there;
  }

  private readonly _groups = new Set<number>();
  private _workers: ReadonlyMap<string, IWorker> = new Map();
  private _told: readonly IWorker[] = [];
  private _state = '';
}
