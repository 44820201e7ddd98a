/** The worst state of each tile. What is called for each of a million datums, and only that. */
import { WORST } from '../tokens';

/** How bad a state is, by all of its byte: a table of this module is what a loop reads fastest. */
const BADNESS = Uint8Array.from({ length: 256 }, (_, byte) => WORST[byte & 15] ?? 0);
/** Datums in one state from which on it was worth to look for its end. */
const LONG = 64;
/** At most so many tiles are made one by one before that is tried again. */
const VAIN = 256;

/** The worst state among the datums from `start` to `end`; its byte. */
export function worst(states: Uint8Array, start: number, end: number): number {
  let found = states[start];
  for (let at = start + 1; at < end; at++) {
    if (BADNESS[states[at]] > BADNESS[found]) {
      found = states[at];
    }
  }
  return found & 15;
}

/**
 * The worst state of each tile of `per` datums, from tile `from` to `to`.
 *
 * Most of a map are long stretches in one state: those are found four datums at a time. Where
 * there are none, tiles are made one by one for longer and longer before one looks again.
 */
export function fillTiles(
  tiles: Uint8Array,
  states: Uint8Array,
  total: number,
  per: number,
  from: number,
  to: number
): void {
  const stop = Math.min(total, to * per);
  const words = wordsOf(states);
  let vain = 0;
  for (let tile = from; tile < to;) {
    const at = tile * per;
    const end = stretch(states, words, at, stop);
    const next = end === stop ? to : Math.floor(end / per);
    if (next > tile) {
      tiles.fill(states[at] & 15, tile, next);
    }
    vain = end - at < LONG ? Math.min(VAIN, 2 * vain + 4) : 1;
    const each = Math.max(tile, next);
    tile = Math.min(to, each + vain);
    fillEach(tiles, states, total, per, each, tile);
  }
}

/** The same, tile by tile. */
function fillEach(
  tiles: Uint8Array,
  states: Uint8Array,
  total: number,
  per: number,
  from: number,
  to: number
): void {
  const bad = BADNESS;
  for (let tile = from, at = from * per; tile < to; tile++) {
    const end = Math.min(total, at + per);
    let found = states[at];
    let most = bad[found];
    for (at++; at < end; at++) {
      const badness = bad[states[at]];
      if (badness > most) {
        most = badness;
        found = states[at];
      }
    }
    tiles[tile] = found & 15;
  }
}

/** The same for datums in another order: `places` has their positions. */
export function fillPlaces(
  tiles: Uint8Array,
  states: Uint8Array,
  places: Uint32Array,
  per: number,
  from: number,
  to: number
): void {
  const bad = BADNESS;
  for (let tile = from, rank = from * per; tile < to; tile++) {
    const end = Math.min(places.length, rank + per);
    let found = states[places[rank]];
    let most = bad[found];
    for (rank++; rank < end; rank++) {
      const badness = bad[states[places[rank]]];
      if (badness > most) {
        most = badness;
        found = states[places[rank]];
      }
    }
    tiles[tile] = found & 15;
  }
}

/** The same bytes, four at a time; none of them where they do not begin at a word. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array {
  return byteOffset % 4 ? new Uint32Array() : new Uint32Array(buffer, byteOffset, length >> 2);
}

/** Where the bytes end that are the same as the one at `at`. */
function stretch(states: Uint8Array, words: Uint32Array, at: number, end: number): number {
  const state = states[at];
  while (at < end && at & 3 && states[at] === state) {
    at++;
  }
  const four = (state * 0x01010101) >>> 0;
  const last = Math.min(end >> 2, words.length);
  let word = at & 3 ? last : at >> 2;
  const first = word;
  while (word < last && words[word] === four) {
    word++;
  }
  at += 4 * (word - first);
  while (at < end && states[at] === state) {
    at++;
  }
  return at;
}
