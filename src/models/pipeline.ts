/** Transforms that are made of each other: their order, and what a row waits for. Pure functions. */
import { ENDED } from '../tokens';
import type { IRun } from '../tokens';

/** As much of a transform as its place in a pipeline takes. */
export interface ILink {
  name: string;
  /** Transforms that its input names. */
  needs: readonly string[];
  run: IRun | null;
}

/** A transform in its place: below all that feed it. */
export interface IPlaced<T> {
  row: T;
  /** 0: nothing feeds it. */
  depth: number;
}

/** Rows in their own order, but each below those that feed it; a circle is cut anywhere. */
export function inOrder<T extends ILink>(rows: readonly T[]): IPlaced<T>[] {
  const by = new Map(rows.map(row => [row.name, row]));
  const placed = new Map<string, IPlaced<T>>();
  const begun = new Set<string>();
  const place = (row: T): number => {
    const known = placed.get(row.name);
    if (known || begun.has(row.name)) {
      return known?.depth ?? -1;
    }
    begun.add(row.name);
    const above = row.needs.map(name => by.get(name)).filter(one => one !== undefined);
    const depth = 1 + Math.max(-1, ...above.map(one => place(one as T)));
    placed.set(row.name, { row, depth });
    return depth;
  };
  rows.forEach(place);
  return [...placed.values()];
}

/** Whether any of the transforms feeds another. */
export function isPipeline(rows: readonly ILink[]): boolean {
  const names = new Set(rows.map(row => row.name));
  return rows.some(row => row.needs.some(name => names.has(name)));
}

/** All that feeds a row, however indirectly, as far as it is among `rows`; in their order. */
export function above<T extends ILink>(row: T, rows: readonly T[]): T[] {
  const by = new Map(rows.map(one => [one.name, one]));
  const found = new Set<string>();
  const left = [...row.needs];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (!found.has(name) && name !== row.name) {
      found.add(name);
      left.push(...(by.get(name)?.needs ?? []));
    }
  }
  return rows.filter(one => found.has(one.name));
}

/** Runs that have not ended. */
export function live<T extends ILink>(rows: readonly T[]): T[] {
  return rows.filter(row => row.run !== null && !ENDED.has(row.run.status));
}

/** The transforms that a row waits for: they feed it and have not ended, and it has nothing to do. */
export function waitsFor<T extends ILink>(row: T, rows: readonly T[]): string[] {
  const { run } = row;
  const idle = run && !ENDED.has(run.status) && run.running === 0 && run.pending === 0;
  if (!idle) {
    return [];
  }
  const going = new Set(live(rows).map(one => one.name));
  return row.needs.filter(name => going.has(name));
}
