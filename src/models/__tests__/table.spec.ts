import { TableWorld as World } from '../../__tests__/rows';
import { aRun, counts, settle, until } from '../../__tests__/world';
import { Ranges } from '../ranges';
import { PAGE } from '../table';
import { beginning, quoted, whole, withoutWord, withWord, words } from '../words';

const PLAIN = { filter: '', sort: 'pos', other: '' };
const FAILING = { filter: 'state:failed', sort: '-pos', other: '' };

describe('the rows of a table', () => {
  it('loads the pages in view and no other', async () => {
    const { table, asked } = new World();
    table.show(PLAIN);
    table.need(495, 530);
    await until(() => !table.loading);
    expect(asked.map(one => one.first)).toEqual([400, 500]);
    expect(table.row(501)?.key).toBe('f/501');
    expect(table.row(0)).toBeNull();
    expect([table.place(7), table.state(7), table.state(10)]).toEqual([7, 'success', 'failed']);
    table.need(500, 540);
    await settle();
    expect(asked).toHaveLength(2);
    expect(table.matches).toBe(1000);
  });

  it('takes what the run says of a state for newer than the page', async () => {
    const { table, run } = new World();
    table.show(FAILING);
    table.need(0, 10);
    await until(() => table.row(0) !== null && !table.loading);
    expect([table.matches, table.place(0), table.state(0)]).toEqual([100, 990, 'failed']);
    run.states[990] = 1;
    expect(table.state(0)).toBe('running');
  });

  it('asks how many rows there are though none is in view yet', async () => {
    const { table } = new World();
    table.show(FAILING);
    table.need(0, 0);
    await until(() => table.matches === 100);
    expect(table.row(0)?.position).toBe(990);
  });

  it('tells what the server refuses, and goes on with the next filter', async () => {
    const world = new World();
    const { table } = world;
    world.refuses = "there is no 'colour'";
    table.show({ ...PLAIN, filter: 'colour:red' });
    table.need(0, 10);
    await until(() => table.error !== null);
    world.refuses = null;
    table.show(FAILING);
    await until(() => table.matches === 100);
    expect(table.error).toBeNull();
  });

  it('drops an answer that comes after the next question', async () => {
    const world = new World();
    const { table } = world;
    table.need(0, 10);
    table.show(FAILING);
    table.show(PLAIN);
    await until(() => !table.loading);
    expect(table.row(0)?.position).toBe(0);
  });

  it('asks again for what is in view while the run goes on, once a second at most', async () => {
    jest.useFakeTimers();
    try {
      const { table, run, asked } = new World();
      run.learn(aRun({ total: 1000, status: 'running', ended: null }));
      table.show(PLAIN);
      table.need(0, 40);
      await jest.advanceTimersByTimeAsync(0);
      asked.length = 0;
      for (let i = 0; i < 20; i++) {
        run.learn(aRun({ total: 1000, ...counts({ status: 'running' }) }));
        await jest.advanceTimersByTimeAsync(100);
      }
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.length).toBeLessThan(3);
      table.dispose();
      asked.length = 0;
      run.learn(aRun({ total: 1000 }));
      await jest.advanceTimersByTimeAsync(5000);
      expect(asked).toHaveLength(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps some pages of a long scroll, not all', async () => {
    const { table } = new World(100_000);
    table.show(PLAIN);
    for (let n = 0; n < 100_000; n += 20 * PAGE) {
      table.need(n, n + 40);
      await until(() => !table.loading && table.row(n) !== null);
    }
    for (let n = 0; n < 60; n++) {
      table.need(n * PAGE, n * PAGE + 40);
      await until(() => !table.loading);
    }
    expect(table.row(0)).toBeNull();
  });
});

describe('what is selected', () => {
  it('is stretches of places where rows stand in input order', async () => {
    const { table } = new World();
    table.show(PLAIN);
    expect(await table.selectRange(899, 5)).toBe(true);
    expect(table.chosen).toEqual({ positions: [[5, 899]] });
    expect([table.selectedCount, table.again]).toEqual([895, 89]);
    table.toggle(10);
    expect(table.chosen).toEqual({
      positions: [
        [5, 9],
        [11, 899]
      ]
    });
    table.toggle(10);
    table.selectNone();
    expect(table.chosen).toBeNull();
  });

  it('is places of rows in any other order, also of rows that are not here', async () => {
    const { table } = new World();
    table.show(FAILING);
    table.need(0, 10);
    await until(() => !table.loading);
    expect(await table.selectRange(0, 2)).toBe(true);
    expect(table.chosen).toEqual({
      positions: [
        [970, 970],
        [980, 980],
        [990, 990]
      ]
    });
    expect(table.again).toBe(3);
    expect(table.isSelected(1)).toBe(true);
    table.show({ ...FAILING, sort: 'pos' });
    await until(() => table.row(99) !== null || (table.need(90, 100), false));
    expect(table.isSelected(99)).toBe(true); // another order, the same datums
    table.show(PLAIN);
    expect(table.selectedCount).toBe(0);
  });

  it('is the filter itself where all that match are meant', async () => {
    const { table } = new World();
    table.show(FAILING);
    table.need(0, 10);
    await until(() => table.matches === 100);
    table.selectAll();
    expect(table.chosen).toEqual({ filter: 'state:failed' });
    expect([table.selectedCount, table.again]).toEqual([100, 100]);
    table.show({ ...PLAIN, filter: 'name:*.tif' });
    table.selectAll();
    expect(table.again).toBeNull();
  });

  it('is not ten thousand single datums', async () => {
    const { table, asked } = new World(200_000);
    table.show({ ...FAILING, filter: '' });
    expect(await table.selectRange(0, 150_000)).toBe(false);
    expect(asked.length).toBeLessThan(3);
  });
});

describe('stretches of places', () => {
  it('are what a set of numbers is', () => {
    let seed = 7;
    const next = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (let round = 0; round < 50; round++) {
      const ranges = new Ranges();
      const plain = new Set<number>();
      for (let step = 0; step < 30; step++) {
        const first = next(40);
        const last = first + next(8);
        const adds = next(3) > 0;
        for (let n = first; n <= last; n++) {
          plain[adds ? 'add' : 'delete'](n);
        }
        ranges[adds ? 'add' : 'remove'](first, last);
        expect(ranges.size).toBe(plain.size);
        for (let n = 0; n < 50; n++) {
          expect(ranges.has(n)).toBe(plain.has(n));
        }
        const { stretches } = ranges;
        stretches
          .slice(1)
          .forEach((one, at) => expect(one[0]).toBeGreaterThan(stretches[at][1] + 1));
      }
    }
  });
});

describe('the words of a filter', () => {
  it('are told apart, quotes and all', () => {
    expect(words('state:failed  err:"bad CRC" tif')).toEqual([
      'state:failed',
      'err:"bad CRC"',
      'tif'
    ]);
    expect(words('err:"bad C')).toEqual(['err:"bad C']);
    expect(words('  ')).toEqual([]);
    expect([beginning('dur:>3'), beginning('tif'), beginning('"a:b"')]).toEqual(['dur:', '', '']);
  });

  it('are asked for once they are whole', () => {
    expect(['dur:', 'dur:>', 'dur:>=', 'err:"a', 'pos:..'].map(whole)).toEqual(
      Array(5).fill(false)
    );
    expect(['dur:>3s', 'tif', 'm.loss:<1', 'err:"a b"'].map(whole)).toEqual(Array(4).fill(true));
  });

  it('are put in and taken out', () => {
    expect(withWord('state:failed tif', 'state:success')).toBe('tif state:success');
    expect(withWord('tif', 'png')).toBe('tif png');
    expect(withoutWord('a err:"b c" d', 1)).toBe('a d');
    expect([quoted('w 1'), quoted('w"1')]).toEqual(['"w 1"', 'w1']);
  });
});
