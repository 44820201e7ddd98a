/** How tiles get onto a canvas: as pixels of a picture that is then drawn larger. */
import type { ILayout, Range } from '../models/tiles';
import { FAILED, RUNNING, STATES } from '../tokens';

/** Tiles below this edge are drawn larger where one has to see them: 3 px. */
const SEEN = 3;
/** So many of them are: where there are more, none of them is alone. */
const PROUD = 4_000;
/** Milliseconds after which all is painted once more, and not only what has changed. */
const LASTS = 15_000;

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
   * @param height - of the canvas, in CSS pixels.
   * @param changed - the only tiles that are others than at the last call; null: none is.
   */
  paint(
    tiles: Uint8Array,
    plan: ILayout,
    top: number,
    height: number,
    changed: Range | null = [0, tiles.length]
  ): void {
    const scale = window.devicePixelRatio || 1;
    const fitted = fit(this._canvas, plan.width, height, scale);
    const pen = this._canvas.getContext('2d');
    if (!pen) {
      return;
    }
    this._palette = this._palette ?? palette(this._canvas);
    const rows = Math.max(0, Math.min(plan.rows - top, Math.ceil(height / plan.tile)));
    const seen = [top, rows, tiles.length, Object.values(plan)].join();
    const known = !fitted && seen === this._seen && Date.now() - this._whole < LASTS;
    this._seen = seen;
    const strip = known ? stripOf(changed, plan, top, rows) : ([0, rows] as const);
    if (!known) {
      this._whole = Date.now();
      pen.clearRect(0, 0, this._canvas.width, this._canvas.height);
    }
    if (strip && rows && tiles.length) {
      this._paint(pen, { tiles, plan, top, rows, scale }, strip);
    }
  }

  /** Paint some of the rows that are seen: numbers of the first one, and of that behind the last. */
  private _paint(pen: CanvasRenderingContext2D, view: IView, [from, to]: Range): void {
    const { plan, rows, scale } = view;
    const line = (row: number) => Math.round(row * plan.tile * scale);
    const [y, high] = [line(from), line(to) - line(from)];
    pen.save();
    pen.beginPath();
    pen.rect(0, y, this._canvas.width, high);
    pen.clip();
    pen.clearRect(0, y, this._canvas.width, high);
    const proud = this._picture(view, [from, to]);
    pen.imageSmoothingEnabled = false;
    const { columns } = plan;
    pen.drawImage(this._sheet, 0, from, columns, to - from, 0, y, plan.width * scale, high);
    this._part(pen, plan, rows, scale);
    this._raise(pen, view, proud);
    pen.restore();
  }

  /** A pixel a tile of some rows; returns how many tiles are to be drawn larger. */
  private _picture({ tiles, plan, top, rows }: IView, [from, to]: Range): number {
    const { columns } = plan;
    if (this._sheet.width !== columns || this._sheet.height !== rows) {
      this._sheet.width = columns;
      this._sheet.height = rows;
      this._image = new ImageData(columns, rows);
      this._pixels = new Uint32Array(this._image.data.buffer);
    }
    const first = top * columns;
    // What stands out of its row is seen in the rows beside it too.
    const [begin, behind] = [Math.max(0, from - 1), Math.min(rows, to + 1)];
    const end = Math.min(tiles.length, first + behind * columns);
    const [pixels, colours] = [this._pixels, this._palette!];
    const small = plan.tile < SEEN;
    let proud = 0;
    for (let tile = first + begin * columns; tile < end; tile++) {
      const state = tiles[tile];
      pixels[tile - first] = colours[state];
      if (small && (state === FAILED || state === RUNNING) && proud < PROUD) {
        this._proud[proud++] = tile;
      }
    }
    pixels.fill(0, end - first, behind * columns);
    this._sheet.getContext('2d')?.putImageData(this._image!, 0, 0, 0, from, columns, to - from);
    if (from === 0 && to === rows) {
      this._crowd = proud >= PROUD;
    }
    return this._crowd || proud >= PROUD ? 0 : proud;
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
    { tiles, plan, top, scale }: IView,
    proud: number
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

  /** Whether so many stand out that none of them is alone. */
  private _crowd = false;
  private _image: ImageData | null = null;
  private _palette: Palette | null = null;
  private _pixels = new Uint32Array();
  private readonly _proud = new Uint32Array(PROUD);
  /** What was painted last: where, and how large. */
  private _seen = '';
  private readonly _sheet = document.createElement('canvas');
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

/** The rows that are to be painted where these tiles have changed; null: none. */
function stripOf(changed: Range | null, plan: ILayout, top: number, rows: number): Range | null {
  if (!changed) {
    return null;
  }
  const from = Math.max(0, Math.floor(changed[0] / plan.columns) - top - 1);
  const to = Math.min(rows, Math.ceil(changed[1] / plan.columns) - top + 1);
  return from < to ? [from, to] : null;
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
