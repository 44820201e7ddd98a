/** How fast a run goes and when it will end, from looking at its counters now and then. */

/** How far back we look, in seconds. */
const WINDOW = 30;
/** Looks that are kept; more would not make the answer better. */
const LOOKS = 150;
/** Nothing is said about the end before so much is known. */
const FIRST_SECONDS = 5;
const FIRST_DATUMS = 20;

/** Rate and time left of one run. */
export class Pace {
  /** Take in that `done` datums had ended at `now` seconds. */
  look(now: number, done: number): void {
    const last = this._looks[this._looks.length - 1];
    if (last && (done < last[1] || now < last[0])) {
      this._looks.length = 0; // the run began again, or the clock did
    }
    this._looks.push([now, done]);
    while (this._looks.length > LOOKS || this._looks[0][0] < now - WINDOW) {
      this._looks.shift();
    }
  }

  /** Datums a second, lately. */
  get rate(): number {
    if (this._looks.length < 2) {
      return 0;
    }
    const [start, before] = this._looks[0];
    const [end, after] = this._looks[this._looks.length - 1];
    return end > start ? (after - before) / (end - start) : 0;
  }

  /** The last rates, oldest first, for a small picture. */
  get history(): number[] {
    const out: number[] = [];
    for (let i = 1; i < this._looks.length; i++) {
      const [start, before] = this._looks[i - 1];
      const [end, after] = this._looks[i];
      if (end > start) {
        out.push((after - before) / (end - start));
      }
    }
    return out;
  }

  /** Seconds until `left` datums are done: middle, low, high; null if nothing can be said. */
  left(left: number): [number, number, number] | null {
    if (this._looks.length < 2 || !this.rate) {
      return null;
    }
    const [start, before] = this._looks[0];
    const [end, after] = this._looks[this._looks.length - 1];
    if (end - start < FIRST_SECONDS && after - before < FIRST_DATUMS) {
      return null;
    }
    const middle = left / this.rate;
    const spread = this._looks.length < 20 ? 1.6 : 1.25;
    return [middle, middle / spread, middle * spread];
  }

  private readonly _looks: [number, number][] = [];
}
