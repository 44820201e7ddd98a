/** The rows of the panel: cells of the open notebook, of the saved one, and what ran elsewhere. */
import type { IRun, ITransform } from '../tokens';
import { markedCells } from './cells';
import type { IOpenCell } from './cells';
import { besideFigures } from './figures';
import { inOrder } from './pipeline';

/** A transform, with its latest run. */
export interface IRow {
  name: string;
  /** In the open notebook; null if the transform has its cell elsewhere. */
  cell: string | null;
  /** Transforms that feed it. */
  needs: readonly string[];
  run: IRun | null;
  /** Whether the saved cell is another than the latest run recorded; null: not known. */
  changed: boolean | null;
}

/** Rows of transforms that have their cells elsewhere. */
const ELSEWHERE = 20;

/** All rows, each below those that feed it; `runs` come newest first. */
export function listRows(
  cells: readonly IOpenCell[],
  saved: readonly ITransform[],
  runs: readonly IRun[]
): IRow[] {
  const latest = new Map<string, IRun>();
  runs.forEach(run => latest.has(run.name) || latest.set(run.name, run));
  const rows = new Map<string, IRow>();
  for (const { name, id } of markedCells(cells)) {
    const run = latest.get(name) ?? null;
    rows.set(name, { name, cell: id, needs: run?.needs ?? [], run, changed: null });
  }
  const marked = [...rows.values()];
  for (const one of saved) {
    const { name } = one;
    if (name === null) {
      // It cannot run; the open notebook's own cell tells what stands there.
      continue;
    }
    const run = latest.get(name) ?? one.run;
    // A kernel knows better than a text what an input is made of, while it is the same text.
    const needs = (one.changed ? null : run?.needs) ?? one.needs ?? [];
    const cell = rows.get(name)?.cell ?? still(marked, cells, one);
    // It was asked about the latest run there was then.
    const changed = run?.uuid === one.run?.uuid ? one.changed : null;
    rows.set(name, { name, cell, needs, run, changed });
  }
  const elsewhere = [...latest.values()].filter(run => !rows.has(run.name)).slice(0, ELSEWHERE);
  for (const run of elsewhere) {
    rows.set(run.name, { name: run.name, cell: null, needs: run.needs ?? [], run, changed: null });
  }
  return inOrder([...rows.values()]).map(({ row }) => row);
}

/** The id of a saved cell, if the open notebook still has it, and not under another name. */
function still(rows: readonly IRow[], cells: readonly IOpenCell[], saved: ITransform) {
  const renamed = rows.some(row => row.cell === saved.cell_id);
  const found = cells.find(cell => cell.id === saved.cell_id && cell.code);
  return renamed ? null : (found?.id ?? null);
}

/** Whether rows differ in nothing but figures of runs that go on. */
export function sameButFigures(one: readonly IRow[], two: readonly IRow[]): boolean {
  return shapeOf(one) === shapeOf(two);
}

function shapeOf(rows: readonly IRow[]): string {
  return JSON.stringify(rows.map(({ run, ...row }) => [row, run && besideFigures(run)]));
}
