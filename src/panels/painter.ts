/** How tiles get onto a canvas: pixel by pixel, in bands of rows; nothing is scaled or clipped. */
import type { ILayout, Range } from '../models/tiles';
import { FAILED, RUNNING, STATES } from '../tokens';

/** Tiles below this edge are drawn larger where one has to see them: 3 px. */
const SEEN = 3;
/** Pixels from which on one call for all of them is quicker than a loop. */
const LONG = 24;
/** So many of them are: where there are more, none of them is alone. */
const PROUD = 4_000;
/** Milliseconds after which all is painted once more, and not only what has changed. */
const LASTS = 15_000;
/** Lines that are painted at a time. */
const BAND = 128;

/** The palette in force, by state byte, as numbers that a picture is made of. */
export type Palette = Uint32Array;

/** Paints the tiles of one canvas; keeps what it can use again. */
export class Painter {
  constructor(private readonly _canvas: HTMLCanvasElement) {}

  /** Take the colours of the theme anew. */
  forget(): void {
    this._palette = null;
    this._seen = '';
  }

  /**
   * Paint rows of tiles from row `top` on.
   *
   * @param tiles - the state of each.
   * @param size - of the canvas, in CSS pixels.
   * @param changed - the only tiles that are others than at the last call.
   */
  paint(
    tiles: Uint8Array,
    plan: ILayout,
    top: number,
    size: { width: number; height: number },
    changed: readonly Range[] = [[0, tiles.length]]
  ): void {
    const scale = window.devicePixelRatio || 1;
    const fitted = fit(this._canvas, size.width, size.height, scale);
    const pen = this._canvas.getContext('2d');
    if (!pen) {
      return;
    }
    this._palette = this._palette ?? palette(this._canvas);
    const rows = Math.max(0, Math.min(plan.rows - top, Math.ceil(size.height / plan.tile)));
    // What is behind the last tile is empty: more tiles leave the others where they are.
    const seen = [top, plan.columns, plan.tile, plan.gap, plan.per].join();
    const same = !fitted && seen === this._seen && tiles.length >= this._tiles;
    const known = same && Date.now() - this._whole < LASTS;
    this._seen = seen;
    this._tiles = tiles.length;
    const view = { tiles, plan, top, rows, scale };
    const strips = known ? changed.map(one => stripOf(one, view)) : [[0, rows] as const];
    if (!known) {
      const { width } = this._canvas;
      this._edges = Uint32Array.from({ length: plan.columns + 1 }, (_, at) =>
        Math.min(width, Math.round(at * plan.tile * scale))
      );
      this._whole = Date.now();
      pen.clearRect(0, 0, this._canvas.width, this._canvas.height);
    }
    for (const strip of strips) {
      this._paint(pen, view, strip);
    }
  }

  /** Paint some of the rows that are seen: numbers of the first one, and of that behind the last. */
  private _paint(pen: CanvasRenderingContext2D, view: IView, [from, to]: Range): void {
    const { plan, scale } = view;
    const proud = plan.tile < SEEN ? this._find(view, [from, to]) : 0;
    const step = Math.max(1, Math.floor(BAND / (plan.tile * scale)));
    for (let row = from; row < to; row += step) {
      const band: Range = [row, Math.min(to, row + step)];
      const [y, end] = band.map(at => Math.round(at * plan.tile * scale));
      const { width } = this._canvas;
      if (this._image?.width !== width || this._image.height < end - y) {
        this._image = new ImageData(width, Math.max(end - y, BAND));
        this._pixels = new Uint32Array(this._image.data.buffer);
      }
      this._rows(view, band, y);
      this._raise(view, proud, [y, end]);
      pen.putImageData(this._image, 0, y, 0, 0, width, end - y);
    }
  }

  /** The tiles of a band, which begins at line `y`; between them are gaps if they are large enough. */
  private _rows({ tiles, plan, top, scale }: IView, [from, to]: Range, y: number): void {
    const { columns, tile, gap } = plan;
    const { _pixels: pixels, _edges: edges } = this;
    const colours = this._palette!;
    const { width } = this._canvas;
    const line = gap ? Math.max(1, Math.round(gap * scale)) : 0;
    for (let row = from; row < to; row++) {
      const begin = (Math.round(row * tile * scale) - y) * width;
      const next = (Math.round((row + 1) * tile * scale) - y) * width;
      const end = next - line * width;
      const first = (top + row) * columns;
      const n = Math.min(columns, tiles.length - first);
      pixels.fill(0, begin, begin + width);
      for (let column = 0; column < n;) {
        const state = tiles[first + column];
        const from = begin + edges[column++];
        // Most of a map are long lines of one colour.
        while (!line && column < n && tiles[first + column] === state) {
          column++;
        }
        const last = begin + edges[column] - line;
        if (last - from > LONG) {
          pixels.fill(colours[state], from, last);
        } else {
          const colour = colours[state];
          for (let at = from; at < last; at++) {
            pixels[at] = colour;
          }
        }
      }
      for (let at = begin + width; at < end; at += width) {
        pixels.copyWithin(at, begin, begin + width);
      }
      pixels.fill(0, end, next);
    }
  }

  /** Find the tiles that are to be drawn larger; returns how many they are. */
  private _find({ tiles, plan, top, rows }: IView, [from, to]: Range): number {
    const { columns } = plan;
    // What stands out of its row is seen in the rows beside it too.
    const begin = (top + Math.max(0, from - 1)) * columns;
    const end = Math.min(tiles.length, (top + Math.min(rows, to + 1)) * columns);
    const found = tiles.subarray(begin, end);
    let proud = 0;
    for (const state of [RUNNING, FAILED]) {
      let at = found.indexOf(state);
      while (at >= 0 && proud < PROUD) {
        this._proud[proud++] = begin + at;
        at = found.indexOf(state, at + 1);
      }
    }
    if (from === 0 && to === rows) {
      this._crowd = proud >= PROUD;
    }
    return this._crowd || proud >= PROUD ? 0 : proud;
  }

  /** What failed stands above what runs, and both above the rest; from line `y` to `end`. */
  private _raise({ tiles, plan, top, scale }: IView, proud: number, [y, end]: Range): void {
    const edge = Math.round(SEEN * scale);
    const grow = (SEEN - plan.tile) / 2;
    const { width } = this._canvas;
    for (const state of [RUNNING, FAILED]) {
      for (let i = 0; i < proud; i++) {
        const tile = this._proud[i];
        if (tiles[tile] === state) {
          const left = (tile % plan.columns) * plan.tile - grow;
          const up = (Math.floor(tile / plan.columns) - top) * plan.tile - grow;
          const [x, high] = [Math.round(left * scale), Math.round(up * scale)];
          const [from, to] = [Math.max(0, x), Math.min(width, x + edge)];
          for (let at = Math.max(y, high); at < Math.min(end, high + edge); at++) {
            this._pixels.fill(
              this._palette![state],
              (at - y) * width + from,
              (at - y) * width + to
            );
          }
        }
      }
    }
  }

  /** Whether so many stand out that none of them is alone. */
  private _crowd = false;
  /** Where each column of tiles begins, in pixels. */
  private _edges = new Uint32Array();
  private _image: ImageData | null = null;
  private _palette: Palette | null = null;
  private _pixels = new Uint32Array();
  private readonly _proud = new Uint32Array(PROUD);
  /** What was painted last: where, and how large. */
  private _seen = '';
  /** How many tiles there were. */
  private _tiles = 0;
  /** When all of it was painted last. */
  private _whole = 0;
}

/** What is painted: the rows of tiles from row `top` on. */
interface IView {
  tiles: Uint8Array;
  plan: ILayout;
  top: number;
  rows: number;
  scale: number;
}

/** The rows that are to be painted where these tiles have changed. */
function stripOf([first, end]: Range, { plan, top, rows }: IView): Range {
  const from = Math.max(0, Math.floor(first / plan.columns) - top - 1);
  const to = Math.min(rows, Math.ceil(end / plan.columns) - top + 1);
  return [from, to];
}

/** Give a canvas its size; true if it had another one, and is empty now. */
function fit(canvas: HTMLCanvasElement, wide: number, high: number, scale: number): boolean {
  const [width, height] = [Math.round(wide * scale), Math.round(high * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    return true;
  }
  return false;
}

/** The colours of the states in the theme, from its CSS variables. */
function palette(node: Element): Palette {
  const style = getComputedStyle(node);
  const out = new Uint32Array(16);
  STATES.forEach((state, byte) => {
    out[byte] = pixel(style.getPropertyValue(`--jp-datum-${state}`).trim());
  });
  return out;
}

/** What colours of themes are as pixels: to find one out takes a canvas. */
const pixels = new Map<string, number>();

/** A colour as the four bytes of a pixel: red stands first, whichever end that is here. */
function pixel(colour: string): number {
  const found = pixels.get(colour) ?? measured(colour);
  pixels.set(colour, found);
  return found;
}

function measured(colour: string): number {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!pen) {
    return 0;
  }
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const { data } = pen.getImageData(0, 0, 1, 1);
  return new Uint32Array(data.buffer)[0];
}
