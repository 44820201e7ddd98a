/** The map of datums as figures: which tile stands for which of them. Pure functions. */
import { FAILED, STATES } from '../tokens';
import { worst } from './fill';

/** So many datums still get a square each that one can point at, on a small map. */
const SQUARES = 2000;
const SMALLEST_SQUARE = 6;
const LARGEST_SQUARE = 14;
const TALLEST = 240;
/** Edge of a tile that stands for several datums. */
const TILE = 2;
/** Height of a small map of tiles. */
const TILES_HIGH = 148;
/** Edges of a tile of one datum on a large map, smallest first. */
const EDGES = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 26, 32];
/** From this edge on there is a gap between tiles. */
const GAPPED = 5;

/** How a map of `total` datums lies in a field of a width. */
export interface ILayout {
  columns: number;
  rows: number;
  /** Edge of a tile, in CSS pixels, with the gap behind it. */
  tile: number;
  gap: number;
  /** Datums a tile. */
  per: number;
  width: number;
  height: number;
}

/** How near one looks: datums a tile, and its edge. */
export interface IStep {
  per: number;
  tile: number;
}

/** From the first datum to behind the last. */
export type Range = readonly [number, number];

/**
 * Lay `total` datums out in a field that is `width` wide, and as high as they need.
 *
 * @param listing - whether more are to come: what stands below would go up and down with each.
 */
export function layout(total: number, width: number, listing = false): ILayout {
  const wide = Math.max(width, SMALLEST_SQUARE);
  if (total <= SQUARES) {
    return { ...flow(total, wide, { per: 1, tile: squareEdge(total, wide) }), gap: 1 };
  }
  const most = Math.floor(TILES_HIGH / TILE) * Math.floor(wide / TILE);
  // Whole numbers of datums a tile: a tile then means the same all over the map.
  const per = Math.ceil(total / most);
  const plan = flow(total, wide, { per, tile: TILE });
  return listing && per > 1 ? { ...plan, height: TILES_HIGH } : plan;
}

/** Lay them out one row after the other, at one step. */
export function flow(total: number, width: number, step: IStep): ILayout {
  const { per, tile } = step;
  const columns = Math.max(1, Math.floor(width / tile));
  const rows = Math.max(1, Math.ceil(Math.ceil(total / per) / columns));
  const gap = tile >= GAPPED ? 1 : 0;
  return { columns, rows, tile, gap, per, width: columns * tile, height: rows * tile };
}

/** All steps from the whole map in a field to large single datums, farthest first. */
export function steps(total: number, width: number, height: number): IStep[] {
  const fits = (tile: number) => Math.floor(width / tile) * Math.floor(height / tile) >= total;
  const largest = EDGES.filter(fits).pop();
  const first = largest ?? TILE;
  const out: IStep[] = [];
  if (largest === undefined) {
    const most = Math.max(1, Math.floor(width / TILE) * Math.floor(height / TILE));
    for (let per = Math.ceil(total / most); per > 1; per = Math.ceil(per / 2)) {
      out.push({ per, tile: TILE });
    }
  }
  EDGES.filter(edge => edge >= first).forEach(tile => out.push({ per: 1, tile }));
  return out;
}

function squareEdge(total: number, width: number): number {
  for (let edge = LARGEST_SQUARE; edge > SMALLEST_SQUARE; edge--) {
    if (Math.ceil(total / Math.floor(width / edge)) * edge <= TALLEST) {
      return edge;
    }
  }
  return SMALLEST_SQUARE;
}

/** The ranks of the tile at a point: first and behind the last; null outside. */
export function tileAt(plan: ILayout, total: number, x: number, y: number): Range | null {
  const column = Math.floor(x / plan.tile);
  const row = Math.floor(y / plan.tile);
  const start = (row * plan.columns + column) * plan.per;
  const inside = column >= 0 && column < plan.columns && row >= 0 && start < total;
  return inside ? [start, Math.min(total, start + plan.per)] : null;
}

/** The tile nearest to a point, for a drag that has left the map. */
export function nearest(plan: ILayout, total: number, x: number, y: number): Range {
  const column = clamp(Math.floor(x / plan.tile), 0, plan.columns - 1);
  const row = clamp(Math.floor(y / plan.tile), 0, plan.rows - 1);
  const last = Math.ceil(total / plan.per) - 1;
  const start = clamp(row * plan.columns + column, 0, Math.max(0, last)) * plan.per;
  return [start, Math.min(total, start + plan.per)];
}

/** Both ranges and all between them. */
export function hull(one: Range, two: Range): Range {
  return [Math.min(one[0], two[0]), Math.max(one[1], two[1])];
}

/** How many datums of a range are in which state, by byte. */
export function tally(states: Uint8Array, start: number, end: number): number[] {
  const out = STATES.map(() => 0);
  for (let at = start; at < end; at++) {
    out[states[at] & 15]++;
  }
  return out;
}

/** The position of the first datum with the worst state of a range. */
export function worstAt(states: Uint8Array, start: number, end: number): number {
  const state = worst(states, start, end);
  const at = states.subarray(start, end).indexOf(state);
  return at < 0 ? start : start + at;
}

/**
 * The outline of a stretch of tiles that goes on from row to row: corners of one polygon, or two
 * where its rows do not touch. In tiles, not pixels.
 */
export function outline(columns: number, first: number, end: number): [number, number][][] {
  const [r0, c0] = [Math.floor(first / columns), first % columns];
  const [r1, c1] = [Math.floor((end - 1) / columns), ((end - 1) % columns) + 1];
  const box = (row: number, from: number, to: number): [number, number][] => [
    [from, row],
    [to, row],
    [to, row + 1],
    [from, row + 1]
  ];
  if (r0 === r1) {
    return [box(r0, c0, c1)];
  }
  if (r1 === r0 + 1 && c1 <= c0) {
    return [box(r0, c0, columns), box(r1, 0, c1)];
  }
  return [
    [
      [c0, r0],
      [columns, r0],
      [columns, r1],
      [c1, r1],
      [c1, r1 + 1],
      [0, r1 + 1],
      [0, r0 + 1],
      [c0, r0 + 1]
    ]
  ];
}

/** `n`, or the nearest of `low` and `high`. */
export function clamp(n: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, n));
}

/**
 * The place of the next failed datum from `from`, forwards or backwards, round the end; -1
 * if there is none. It reads the bytes that are here: no request, however many datums.
 */
export function nextFailed(states: Uint8Array, total: number, from: number, step: 1 | -1): number {
  const bytes = states.subarray(0, total);
  if (step === 1) {
    const next = bytes.indexOf(FAILED, from + 1);
    return next >= 0 ? next : bytes.indexOf(FAILED);
  }
  const before = from > 0 ? bytes.lastIndexOf(FAILED, from - 1) : -1;
  return before >= 0 ? before : bytes.lastIndexOf(FAILED);
}
