/** How tiles get onto a canvas: as pixels of a picture that is then drawn larger. */
import type { ILayout, Range } from '../models/tiles';
import { outline } from '../models/tiles';
import { FAILED, RUNNING, STATES } from '../tokens';

/** Tiles below this edge are drawn larger where one has to see them: 3 px. */
const SEEN = 3;
/** So many of them are: where there are more, none of them is alone. */
const PROUD = 20_000;

/** The palette in force, by state byte, as numbers that a picture is made of. */
export type Palette = Uint32Array;

/** Paints the tiles of one canvas; keeps what it can use again. */
export class Painter {
  constructor(private readonly _canvas: HTMLCanvasElement) {}

  /** Take the colours of the theme anew. */
  forget(): void {
    this._palette = null;
  }

  /**
   * Paint rows of tiles from row `top` on.
   *
   * @param tiles - the state of each.
   * @param height - of the canvas, in CSS pixels.
   */
  paint(tiles: Uint8Array, plan: ILayout, top: number, height: number): void {
    const scale = window.devicePixelRatio || 1;
    fit(this._canvas, plan.width, height, scale);
    const pen = this._canvas.getContext('2d');
    if (!pen) {
      return;
    }
    this._palette = this._palette ?? palette(this._canvas);
    const rows = Math.min(plan.rows - top, Math.ceil(height / plan.tile));
    pen.clearRect(0, 0, this._canvas.width, this._canvas.height);
    if (rows <= 0 || !tiles.length) {
      return;
    }
    const proud = this._picture(tiles, plan, top, rows);
    pen.imageSmoothingEnabled = false;
    const [width, high] = [plan.width * scale, rows * plan.tile * scale];
    pen.drawImage(this._sheet, 0, 0, plan.columns, rows, 0, 0, width, high);
    this._part(pen, plan, rows, scale);
    this._raise(pen, tiles, plan, top, proud, scale);
  }

  /** A pixel a tile; returns how many tiles are to be drawn larger. */
  private _picture(tiles: Uint8Array, plan: ILayout, top: number, rows: number): number {
    const { columns } = plan;
    if (this._sheet.width !== columns || this._sheet.height !== rows) {
      this._sheet.width = columns;
      this._sheet.height = rows;
      this._image = new ImageData(columns, rows);
      this._pixels = new Uint32Array(this._image.data.buffer);
    }
    const first = top * columns;
    const end = Math.min(tiles.length, first + rows * columns);
    const [pixels, colours] = [this._pixels, this._palette!];
    const small = plan.tile < SEEN;
    let proud = 0;
    for (let tile = first; tile < end; tile++) {
      const state = tiles[tile];
      pixels[tile - first] = colours[state];
      if (small && (state === FAILED || state === RUNNING) && proud < PROUD) {
        this._proud[proud++] = tile;
      }
    }
    pixels.fill(0, end - first);
    this._sheet.getContext('2d')?.putImageData(this._image!, 0, 0);
    return proud < PROUD ? proud : 0;
  }

  /** Gaps between tiles that are large enough. */
  private _part(pen: CanvasRenderingContext2D, plan: ILayout, rows: number, scale: number): void {
    if (!plan.gap) {
      return;
    }
    const line = Math.max(1, Math.round(plan.gap * scale));
    const edge = (n: number) => Math.round(n * plan.tile * scale) - line;
    for (let column = 1; column <= plan.columns; column++) {
      pen.clearRect(edge(column), 0, line, this._canvas.height);
    }
    for (let row = 1; row <= rows; row++) {
      pen.clearRect(0, edge(row), this._canvas.width, line);
    }
  }

  /** What failed stands above what runs, and both above the rest. */
  private _raise(
    pen: CanvasRenderingContext2D,
    tiles: Uint8Array,
    plan: ILayout,
    top: number,
    proud: number,
    scale: number
  ): void {
    const edge = Math.round(SEEN * scale);
    const grow = (SEEN - plan.tile) / 2;
    for (const state of [RUNNING, FAILED]) {
      pen.fillStyle = css(this._palette![state]);
      for (let i = 0; i < proud; i++) {
        const tile = this._proud[i];
        if (tiles[tile] === state) {
          const x = (tile % plan.columns) * plan.tile - grow;
          const y = (Math.floor(tile / plan.columns) - top) * plan.tile - grow;
          pen.fillRect(Math.round(x * scale), Math.round(y * scale), edge, edge);
        }
      }
    }
  }

  private _image: ImageData | null = null;
  private _palette: Palette | null = null;
  private _pixels = new Uint32Array();
  private readonly _proud = new Uint32Array(PROUD);
  private readonly _sheet = document.createElement('canvas');
}

/** What is drawn over the tiles. */
export interface IMark {
  range: Range;
  kind: 'cursor' | 'hover' | 'selection' | 'lens';
}

/** Draw outlines of ranges of datums over the tiles; they are seen on any of their colours. */
export function mark(
  canvas: HTMLCanvasElement,
  plan: ILayout,
  top: number,
  height: number,
  marks: readonly IMark[]
): void {
  const scale = window.devicePixelRatio || 1;
  fit(canvas, plan.width, height, scale);
  const pen = canvas.getContext('2d');
  if (!pen) {
    return;
  }
  const style = getComputedStyle(canvas);
  const [ink, paper, focus] = ['--jp-ui-font-color1', '--jp-layout-color1', '--jp-datum-focus'].map(
    name => style.getPropertyValue(name).trim()
  );
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, plan.width, height);
  for (const { range, kind } of marks) {
    const path = trace(plan, top, range);
    if (kind === 'selection') {
      pen.globalAlpha = 0.25;
      pen.fillStyle = focus;
      pen.fill(path);
      pen.globalAlpha = 1;
    }
    pen.lineWidth = kind === 'hover' ? 3 : 5;
    pen.strokeStyle = paper;
    pen.stroke(path);
    pen.lineWidth = kind === 'hover' || kind === 'lens' ? 1 : 2;
    pen.strokeStyle = kind === 'selection' ? focus : ink;
    pen.stroke(path);
  }
}

function trace(plan: ILayout, top: number, [start, end]: Range): Path2D {
  const path = new Path2D();
  const { per, tile, gap } = plan;
  for (const corners of outline(plan.columns, Math.floor(start / per), Math.ceil(end / per))) {
    corners.forEach(([x, y], at) => {
      const px = x * tile - (x ? gap / 2 : 0);
      const py = (y - top) * tile - (y > top ? gap / 2 : 0);
      if (at) {
        path.lineTo(px, py);
      } else {
        path.moveTo(px, py);
      }
    });
    path.closePath();
  }
  return path;
}

function fit(canvas: HTMLCanvasElement, wide: number, high: number, scale: number): void {
  const [width, height] = [Math.round(wide * scale), Math.round(high * scale)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
  }
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

/** A colour as the four bytes of a pixel: red stands first, whichever end that is here. */
function pixel(colour: string): number {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!pen) {
    return 0;
  }
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const { data } = pen.getImageData(0, 0, 1, 1);
  return new Uint32Array(data.buffer)[0];
}

function css(colour: number): string {
  const [red, green, blue] = new Uint8Array(Uint32Array.of(colour).buffer);
  return `rgb(${red} ${green} ${blue})`;
}
