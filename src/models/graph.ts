/** The transforms of a project as a graph: what the server says of it, with the live runs. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { ICounts, IGraph, IGraphTransform, IRun } from '../tokens';
import type { RunsModel } from './runs';

/** A thing in the picture: a transform, or a folder or file at one of its ends. */
export interface IDrawnNode {
  id: string;
  kind: 'transform' | 'source' | 'declared' | 'out';
  name: string;
  /** The transform, or the one whose end this is. */
  transform: string;
  /** Contents path of a folder or file, if the server shows it. */
  path: string | null;
  /** Files in a source, where that is known. */
  files: number | null;
  /** Of the transform; null: it has not run. */
  run: string | null;
  engine: string | null;
  counts: (Partial<ICounts> & { total: number }) | null;
  /** What its listing lacked, in sentences. */
  missing: readonly string[];
}

/** What feeds what. */
export interface IDrawnEdge {
  from: string;
  to: string;
}

/** All that is drawn. */
export interface IDrawn {
  nodes: IDrawnNode[];
  edges: IDrawnEdge[];
}

/** The graph of a project. It asks again when a transform has a new run, or a run has ended. */
export class GraphModel implements IDisposable {
  constructor(
    private readonly _requests: Pick<Requests, 'graph'>,
    private readonly _runs: Pick<RunsModel, 'changed' | 'runs' | 'watch'>,
    readonly project: string
  ) {
    this._watch = _runs.watch(project);
    _runs.changed.connect(this._onRuns, this);
    this._onRuns();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get error(): string | null {
    return this._error;
  }
  /** What is to be drawn; null while nothing is known. */
  get drawn(): IDrawn | null {
    return this._graph ? drawnOf(this._graph, this._runs.runs(this.project)) : null;
  }
  get isDisposed(): boolean {
    return this._watch.isDisposed;
  }

  dispose(): void {
    this._watch.dispose();
    this._runs.changed.disconnect(this._onRuns, this);
    Signal.clearData(this);
  }

  private _onRuns(): void {
    const newest = latest(this._runs.runs(this.project));
    const about = [...newest.values()].map(run => `${run.uuid}${run.ended ?? ''}`).join();
    if (about !== this._about) {
      this._about = about;
      void this._ask();
    }
    this._changed.emit();
  }

  private async _ask(): Promise<void> {
    const about = this._about;
    try {
      const graph = await this._requests.graph(this.project);
      if (about !== this._about || this.isDisposed) {
        return; // a newer answer is on its way
      }
      this._graph = graph;
      this._error = null;
    } catch (reason) {
      this._error = String((reason as Error).message ?? reason);
    }
    this._changed.emit();
  }

  private _about: string | null = null;
  private _error: string | null = null;
  private _graph: IGraph | null = null;
  private readonly _watch: IDisposable;
  private readonly _changed = new Signal<this, void>(this);
}

/** What is drawn of a graph: the newest runs that the page knows stand before the server's. */
export function drawnOf(graph: IGraph, runs: readonly IRun[]): IDrawn {
  const newest = latest(runs);
  const feeding = new Set(graph.edges.map(edge => edge.from));
  const nodes = new Map<string, IDrawnNode>();
  const edges: IDrawnEdge[] = [];
  for (const told of graph.transforms) {
    const id = `transform:${told.name}`;
    nodes.set(id, transformNode(id, told, newest.get(told.name)));
    for (const end of endsOf(told, !feeding.has(told.name))) {
      const known = nodes.get(end.id);
      if (known) {
        known.files ??= end.files;
      } else {
        nodes.set(end.id, end);
      }
      edges.push(end.kind === 'out' ? { from: id, to: end.id } : { from: end.id, to: id });
    }
  }
  const between = graph.edges.map(edge => ({
    from: `transform:${edge.from}`,
    to: `transform:${edge.to}`
  }));
  return { nodes: [...nodes.values()], edges: distinct([...edges, ...between]) };
}

/** The ids of all that feeds a node or is fed by it, itself too. */
export function reached(edges: readonly IDrawnEdge[], id: string): Set<string> {
  const walk = (from: 'from' | 'to', to: 'from' | 'to') => {
    const found = new Set([id]);
    // A set is walked in the order of adding, what is added meanwhile too.
    for (const one of found) {
      edges.filter(edge => edge[from] === one).forEach(edge => found.add(edge[to]));
    }
    return found;
  };
  return new Set([...walk('from', 'to'), ...walk('to', 'from')]);
}

function latest(runs: readonly IRun[]): Map<string, IRun> {
  const found = new Map<string, IRun>();
  runs.forEach(run => found.has(run.name) || found.set(run.name, run));
  return found;
}

function transformNode(id: string, told: IGraphTransform, live: IRun | undefined): IDrawnNode {
  const { name, counts, status } = told;
  const total = counts.total ?? 0;
  return {
    ...{ id, kind: 'transform', name, transform: name, path: null, files: null },
    run: live?.uuid ?? told.run,
    engine: live?.engine ?? told.engine,
    counts: live ?? (status ? { ...counts, status, total } : null),
    missing: live?.missing ?? []
  };
}

/** Folders and files that it reads, and where its outputs are, if they feed nobody. */
function endsOf(told: IGraphTransform, last: boolean): IDrawnNode[] {
  const plain = { run: null, engine: null, counts: null, missing: [], transform: told.name };
  const sources = told.sources.map(({ name, path, files }) => ({
    ...{ ...plain, id: `source:${path ?? name}`, kind: 'source' as const, name, path, files }
  }));
  const declared = told.declared.map(({ name, path }) => ({
    ...{ ...plain, id: `declared:${path ?? name}`, kind: 'declared' as const, name, path },
    files: null
  }));
  const { out } = told;
  const outs =
    last && out
      ? [{ ...plain, id: `out:${told.name}`, kind: 'out' as const, ...out, files: null }]
      : [];
  return [...sources, ...declared, ...outs];
}

function distinct(edges: IDrawnEdge[]): IDrawnEdge[] {
  return [...new Map(edges.map(edge => [`${edge.from}\n${edge.to}`, edge])).values()];
}
