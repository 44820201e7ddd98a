import { fillTiles, worst } from '../fill';

/** Bytes that are the same for as long as `lengths` say, one after the other. */
function stretches(total: number, lengths: readonly number[]): Uint8Array {
  const out = new Uint8Array(total);
  for (let at = 0, i = 0; at < total; i++) {
    const end = at + lengths[i % lengths.length];
    out.fill((i * 5) % 7, at, end);
    at = end;
  }
  return out;
}

describe('the tiles of a map', () => {
  const lengths = [[1], [1, 2, 3], [63, 1], [200, 1, 1], [5, 999, 3], [100_000]];
  it.each(lengths)('are the worst of their datums in stretches of %d', (...pattern) => {
    for (const total of [1, 3, 64, 997, 5000]) {
      const states = stretches(total, pattern);
      for (const per of [1, 2, 3, 7, 64, 10_000]) {
        const size = Math.ceil(total / per);
        const tiles = new Uint8Array(size);
        fillTiles(tiles, states, total, per, 0, size);
        const wanted = Array.from({ length: size }, (_, tile) =>
          worst(states, tile * per, Math.min(total, (tile + 1) * per))
        );
        expect([...tiles]).toEqual(wanted);
      }
    }
  });

  it('are made where they are asked for, and nowhere else', () => {
    const states = stretches(5000, [500, 1]);
    const all = new Uint8Array(1000);
    fillTiles(all, states, 5000, 5, 0, 1000);
    const some = new Uint8Array(1000).fill(99);
    fillTiles(some, states, 5000, 5, 123, 777);
    expect([...some.subarray(123, 777)]).toEqual([...all.subarray(123, 777)]);
    expect([...some.subarray(0, 123), ...some.subarray(777)].every(one => one === 99)).toBe(true);
  });

  it('are those of bytes with more in them than a state, and of a part of a longer buffer', () => {
    const whole = stretches(4001, [300, 2]).map(state => state | 0x40);
    for (const states of [whole, whole.subarray(1), whole.subarray(4, 3999)]) {
      const size = Math.ceil(states.length / 3);
      const tiles = new Uint8Array(size);
      fillTiles(tiles, states, states.length, 3, 0, size);
      for (let tile = 0; tile < size; tile++) {
        expect(tiles[tile]).toBe(worst(states, tile * 3, Math.min(states.length, tile * 3 + 3)));
      }
    }
  });
});
