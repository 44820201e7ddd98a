/**
 * Where the rows stand. Browsers stop at some ten million pixels: where rows need more, the scroll
 * bar is scaled, and the wheel moves by rows all the same.
 */

/** Height of a row, and of all rows at most. */
export const ROW = 24;
export const HIGHEST = 15_000_000;

/** Rows that fit, as the scroll bar has them. */
export class Scroll {
  constructor(
    readonly rows: number,
    /** Pixels in view, below the header. */
    readonly view: number
  ) {
    this.height = Math.min(rows * ROW, HIGHEST);
    this.scaled = rows * ROW > HIGHEST;
  }

  readonly height: number;
  readonly scaled: boolean;

  /** The row on top, with a fraction. */
  top(pixels: number): number {
    if (!this.scaled) {
      return Math.max(0, pixels / ROW);
    }
    const most = Math.max(1, this.height - this.view);
    return Math.min(1, Math.max(0, pixels / most)) * this.last;
  }

  /** Pixels of the scroll bar at which a row stands on top. */
  pixels(top: number): number {
    if (!this.scaled) {
      return top * ROW;
    }
    return (this.inside(top) / Math.max(1, this.last)) * (this.height - this.view);
  }

  /** The highest row that can stand on top. */
  get last(): number {
    return Math.max(0, this.rows - this.view / ROW);
  }

  /** A row on top that is there. */
  inside(top: number): number {
    return Math.min(this.last, Math.max(0, top));
  }

  /** Rows that are drawn with `top` on top: first, and the one behind the last. */
  drawn(top: number): [number, number] {
    const first = Math.floor(top);
    return [first, Math.min(this.rows, Math.ceil(top + this.view / ROW) + 1)];
  }

  /** The row on top after which row `n` is in view: as it is, where it is already. */
  reveal(top: number, n: number): number {
    const whole = Math.max(1, Math.floor(this.view / ROW));
    if (n < top) {
      return n;
    }
    return n + 1 > top + whole ? this.inside(n + 1 - this.view / ROW) : top;
  }
}
