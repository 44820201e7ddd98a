/**
 * Orders in which a map shows its datums. A *rank* is a place on the map, a *position* one in the
 * run's input. Nothing here makes an object a datum.
 */
import { STATES, WORST } from '../tokens';
import { fillPlaces, fillTiles } from './fill';
import { tally, worstAt } from './tiles';
import type { Range } from './tiles';

/** Names of the orders. */
export const ORDERS = ['input', 'state', 'duration'] as const;
export type OrderName = (typeof ORDERS)[number];

/** Bytes of the states as the map has them by state: what is wrong comes first. */
const BY_STATE = [3, 4, 1, 6, 0, 2, 5];
/** Steps of a duration's code in an octave, and what the first one means (docs/live-protocol.md). */
const STEPS = 6;
const SHORTEST = 1e-6;

/** The datums of a run in some order. */
export interface IOrder {
  readonly name: OrderName;
  readonly total: number;
  /** Write the worst state of each tile of `per` datums, from tile `from` to `to`. */
  fill(tiles: Uint8Array, per: number, from: number, to: number): void;
  /** How many of these ranks are in which state, by byte. */
  tally(range: Range): number[];
  /** The positions of these ranks. */
  positions(range: Range): Uint32Array;
  /** The position of the worst of these ranks. */
  worst(range: Range): number;
}

/** As the input has them. */
export class InputOrder implements IOrder {
  readonly name = 'input';
  constructor(
    private readonly _states: Uint8Array,
    readonly total: number
  ) {}

  fill(tiles: Uint8Array, per: number, from: number, to: number): void {
    fillTiles(tiles, this._states, this.total, per, from, to);
  }
  tally([start, end]: Range): number[] {
    return tally(this._states, start, end);
  }
  positions([start, end]: Range): Uint32Array {
    return Uint32Array.from({ length: end - start }, (_, i) => start + i);
  }
  worst([start, end]: Range): number {
    return worstAt(this._states, start, end);
  }
}

/** The worst first, and each state as the input has it: read off the bytes, nothing is sorted. */
export class StateOrder implements IOrder {
  readonly name = 'state';
  constructor(
    private readonly _states: Uint8Array,
    readonly total: number
  ) {
    const counts = tally(_states, 0, total);
    let end = 0;
    this._parts = BY_STATE.map(state => {
      const start = end;
      end += counts[state];
      return { state, start, end };
    });
  }

  fill(tiles: Uint8Array, per: number, from: number, to: number): void {
    for (const part of this._parts) {
      // The first datum of a tile is its worst.
      const first = Math.max(from, Math.ceil(part.start / per));
      tiles.fill(part.state, first, Math.max(first, Math.min(to, Math.ceil(part.end / per))));
    }
  }
  tally([start, end]: Range): number[] {
    const out = STATES.map(() => 0);
    for (const part of this._parts) {
      out[part.state] = Math.max(0, Math.min(end, part.end) - Math.max(start, part.start));
    }
    return out;
  }
  positions(range: Range): Uint32Array {
    const [first, last] = range;
    const out = new Uint32Array(last - first);
    for (const part of this._parts) {
      const [start, end] = [Math.max(first, part.start), Math.min(last, part.end)];
      if (start < end) {
        this._collect(part.state, start - part.start, out.subarray(start - first, end - first));
      }
    }
    return out;
  }
  worst(range: Range): number {
    return this.positions([range[0], range[0] + 1])[0];
  }

  /** Fill `out` with the positions of a state, but for its first `skip`. */
  private _collect(state: number, skip: number, out: Uint32Array): void {
    const { _states: states, total } = this;
    for (let at = 0, seen = -skip; at < total && seen < out.length; at++) {
      if ((states[at] & 15) === state) {
        if (seen >= 0) {
          out[seen] = at;
        }
        seen++;
      }
    }
  }

  private readonly _parts: { state: number; start: number; end: number }[];
}

/** The slowest first; those without a time in this run come last. */
export class DurationOrder implements IOrder {
  readonly name = 'duration';
  constructor(
    private readonly _states: Uint8Array,
    readonly total: number,
    private readonly _codes: Uint8Array
  ) {
    const counts = new Uint32Array(257);
    const code = (at: number) => (at < _codes.length ? _codes[at] : 0);
    for (let at = 0; at < total; at++) {
      counts[code(at)]++;
    }
    let end = 0;
    for (let n = 255; n >= 0; n--) {
      const size = counts[n];
      counts[n] = end;
      end += size;
    }
    this.timed = counts[0];
    this._ends = counts;
    this._places = new Uint32Array(total);
    for (let at = 0; at < total; at++) {
      this._places[counts[code(at)]++] = at;
    }
  }

  /** How many have a time. */
  readonly timed: number;

  fill(tiles: Uint8Array, per: number, from: number, to: number): void {
    fillPlaces(tiles, this._states, this._places, per, from, to);
  }
  tally([start, end]: Range): number[] {
    const out = STATES.map(() => 0);
    for (let rank = start; rank < end; rank++) {
      out[this._states[this._places[rank]] & 15]++;
    }
    return out;
  }
  positions([start, end]: Range): Uint32Array {
    return this._places.slice(start, end);
  }
  worst([start, end]: Range): number {
    const { _states: states, _places: places } = this;
    let found = places[start];
    for (let rank = start + 1; rank < end; rank++) {
      if (WORST[states[places[rank]] & 15] > WORST[states[found] & 15]) {
        found = places[rank];
      }
    }
    return found;
  }
  /** Seconds between which these ranks took; null if none of them has a time. */
  span([start, end]: Range): Range | null {
    const last = Math.min(end, this.timed) - 1;
    if (last < start) {
      return null;
    }
    const [slow, fast] = [start, last].map(rank => this._codes[this._places[rank]]);
    return [secondsOf(fast), secondsOf(slow + 1)];
  }

  /** The range with all that took as long as its ends: they are not told apart. */
  whole([start, end]: Range): Range {
    const code = (rank: number) => this._codes[this._places[rank]] ?? 0;
    const first = code(start);
    return [first === 255 ? 0 : this._ends[first + 1], this._ends[code(end - 1)]];
  }

  /** By code, behind its last rank. */
  private readonly _ends: Uint32Array;
  private readonly _places: Uint32Array;
}

/** The least time that a code stands for. */
export function secondsOf(code: number): number {
  return SHORTEST * 2 ** ((code - 1) / STEPS);
}
