import { failedOf, wordsOf } from '../mapfilter';
import { DurationOrder, InputOrder, secondsOf, StateOrder } from '../orders';
import type { IOrder } from '../orders';

const STATES = Uint8Array.of(2, 3, 2, 5, 1, 0, 3, 2, 4, 0);
/** Slowest first: position 7, then 1 and 2 alike, then 6; the others have no time. */
const CODES = Uint8Array.of(0, 80, 80, 0, 0, 0, 20, 200, 0, 0);

const orders: IOrder[] = [
  new InputOrder(STATES, 10),
  new StateOrder(STATES, 10),
  new DurationOrder(STATES, 10, CODES)
];

describe.each(orders)('the order by $name', order => {
  const all = [...order.positions([0, 10])];

  it('has each datum once', () => {
    expect([...all].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('counts, finds the worst and fills tiles as its own positions say', () => {
    const badness = [1, 3, 0, 6, 4, 0, 2];
    for (const per of [1, 3, 4, 10]) {
      const tiles = new Uint8Array(Math.ceil(10 / per));
      order.fill(tiles, per, 0, tiles.length);
      for (let start = 0; start < 10; start += per) {
        const end = Math.min(10, start + per);
        const states = all.slice(start, end).map(at => STATES[at]);
        const worst = Math.max(...states.map(state => badness[state]));
        expect(badness[tiles[start / per]]).toBe(worst);
        expect(badness[STATES[order.worst([start, end])]]).toBe(worst);
        expect(all.slice(start, end)).toContain(order.worst([start, end]));
        const counts = [0, 1, 2, 3, 4, 5, 6].map(n => states.filter(one => one === n).length);
        expect(order.tally([start, end]).slice(0, 7)).toEqual(counts);
      }
    }
  });

  it('fills some tiles and leaves the others', () => {
    const tiles = new Uint8Array(5).fill(9);
    order.fill(tiles, 2, 1, 3);
    expect([...tiles].map(state => state === 9)).toEqual([true, false, false, true, true]);
  });
});

it('puts what failed first, and within a state keeps the order of the input', () => {
  expect([...orders[1].positions([0, 10])]).toEqual([1, 6, 8, 4, 5, 9, 0, 2, 7, 3]);
});

it('puts the slowest first and those without a time last', () => {
  const order = orders[2] as DurationOrder;
  expect([...order.positions([0, 4])]).toEqual([7, 1, 2, 6]);
  expect(order.timed).toBe(4);
  expect(order.whole([2, 3])).toEqual([1, 3]); // both of equal length
  expect(order.whole([0, 5])).toEqual([0, 10]);
  expect(order.span([1, 2])).toEqual([secondsOf(80), secondsOf(81)]);
  expect(order.span([4, 9])).toBeNull();
});

it('reads a code as the server writes it', () => {
  expect(secondsOf(1)).toBe(1e-6);
  expect(secondsOf(1 + 6 * 20)).toBeCloseTo(1.048576);
});

describe('the filter of a range', () => {
  const [input, state, duration] = orders;

  it('is its positions, counted from one', () => {
    expect(wordsOf(input, [2, 7])).toEqual({ filter: 'pos:3..7', exact: true });
    expect(wordsOf(input, [2, 3])?.filter).toBe('pos:3');
    expect(failedOf(input, [2, 7])?.filter).toBe('state:failed pos:3..7');
    expect(failedOf(input, [2, 5])).toBeNull();
  });

  it('is a state, and a part of one by positions', () => {
    expect(wordsOf(state, [0, 2])).toEqual({ filter: 'state:failed pos:2..7', exact: true });
    expect(wordsOf(state, [4, 5])?.filter).toBe('state:pending pos:6');
    expect(wordsOf(state, [0, 3])).toEqual({ filter: 'state:failed,recovered', exact: true });
    expect(wordsOf(state, [1, 3])).toEqual({ filter: 'state:failed,recovered', exact: false });
    expect(failedOf(state, [1, 5])?.filter).toBe('state:failed pos:7');
  });

  it('is a time between two codes', () => {
    const words = wordsOf(duration, [1, 3]);
    expect(words?.exact).toBe(true);
    const [, low, high] = words!.filter.match(/dur:([\d.]+)ms\.\.([\d.]+)ms$/)!;
    expect(Number(low) / 1e3).toBeCloseTo(secondsOf(80));
    expect(Number(high) / 1e3).toBeCloseTo(secondsOf(81));
    // One of the ten was skipped: its time is another run's.
    expect(words!.filter).toMatch(/^state:success,failed,recovered dur:/);
    expect(failedOf(duration, [1, 3])?.filter).toMatch(/^state:failed dur:/);
    expect(wordsOf(duration, [5, 9])).toBeNull();
  });
});
