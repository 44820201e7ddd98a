/** The map of datums: which tile shows what, and how it gets onto a canvas. */
import { FAILED, RUNNING, STATES, WORST } from '../tokens';

/** So many datums still get a square each that one can point at. */
const SQUARES = 2000;
const SMALLEST_SQUARE = 6;
const LARGEST_SQUARE = 14;
const TALLEST = 240;
/** Edge of a tile that stands for several datums. */
const TILE = 2;
/** Height of a map of tiles. */
const TILES_HIGH = 148;

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

/** Lay `total` datums out in a field that is `width` wide. */
export function layout(total: number, width: number): ILayout {
  const wide = Math.max(width, SMALLEST_SQUARE);
  if (total <= SQUARES) {
    const tile = squareEdge(total, wide);
    const columns = Math.max(1, Math.floor(wide / tile));
    const rows = Math.max(1, Math.ceil(total / columns));
    return { columns, rows, tile, gap: 1, per: 1, width: columns * tile, height: rows * tile };
  }
  const columns = Math.floor(wide / TILE);
  const most = Math.floor(TILES_HIGH / TILE);
  // Whole numbers of datums a tile: a tile then means the same all over the map.
  const per = Math.ceil(total / (columns * most));
  const rows = Math.ceil(total / per / columns);
  return { columns, rows, tile: TILE, gap: 0, per, width: columns * TILE, height: rows * TILE };
}

function squareEdge(total: number, width: number): number {
  for (let edge = LARGEST_SQUARE; edge > SMALLEST_SQUARE; edge--) {
    if (Math.ceil(total / Math.floor(width / edge)) * edge <= TALLEST) {
      return edge;
    }
  }
  return SMALLEST_SQUARE;
}

/** The worst state among the datums from `start` to `end`; its byte. */
export function worst(states: Uint8Array, start: number, end: number): number {
  let found = states[start] & 15;
  for (let at = start + 1; at < end && found !== FAILED; at++) {
    const state = states[at] & 15;
    if (WORST[state] > WORST[found]) {
      found = state;
    }
  }
  return found;
}

/** The datums of the tile at a point: first and behind the last; null outside. */
export function tileAt(
  plan: ILayout,
  total: number,
  x: number,
  y: number
): [number, number] | null {
  const column = Math.floor(x / plan.tile);
  const row = Math.floor(y / plan.tile);
  const start = (row * plan.columns + column) * plan.per;
  const inside = column >= 0 && column < plan.columns && row >= 0 && start < total;
  return inside ? [start, Math.min(total, start + plan.per)] : null;
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
 * Paint the map. Failed and running tiles come last and, where tiles are small, a little
 * larger than the others: 3 px at least.
 */
export function paint(
  canvas: HTMLCanvasElement,
  states: Uint8Array,
  total: number,
  plan: ILayout,
  colours: readonly string[]
): void {
  const scale = window.devicePixelRatio || 1;
  size(canvas, plan, scale);
  const pen = canvas.getContext('2d');
  if (!pen) {
    return;
  }
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const rect = (tile: number, grow: number) => {
    const x = (tile % plan.columns) * plan.tile - grow;
    const y = Math.floor(tile / plan.columns) * plan.tile - grow;
    const edge = plan.tile - plan.gap + 2 * grow;
    const [left, top] = [Math.round(x * scale), Math.round(y * scale)];
    pen.fillRect(
      left,
      top,
      Math.round((x + edge) * scale) - left,
      Math.round((y + edge) * scale) - top
    );
  };
  const byState: number[][] = STATES.map(() => []);
  for (let tile = 0, start = 0; start < total; tile++, start += plan.per) {
    byState[worst(states, start, Math.min(total, start + plan.per))]?.push(tile); // no state of ours: none
  }
  // One colour after the other: to change it costs more than to fill a tile.
  const draw = (state: number, grow: number) => {
    pen.fillStyle = colours[state];
    byState[state].forEach(tile => rect(tile, grow));
  };
  STATES.forEach((_, state) => draw(state, 0));
  if (plan.tile < 3) {
    [RUNNING, FAILED].forEach(state => draw(state, 0.5));
  }
}

function size(canvas: HTMLCanvasElement, plan: ILayout, scale: number): void {
  const [width, height] = [Math.round(plan.width * scale), Math.round(plan.height * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${plan.width}px`;
    canvas.style.height = `${plan.height}px`;
  }
}

/** The palette in force, by state byte, from the CSS variables of the theme. */
export function palette(node: Element): string[] {
  const style = getComputedStyle(node);
  return STATES.map(state => style.getPropertyValue(`--jp-datum-${state}`).trim());
}
