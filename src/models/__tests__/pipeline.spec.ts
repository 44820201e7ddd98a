import { aRun } from '../../__tests__/world';
import type { IRun } from '../../tokens';
import { above, inOrder, isPipeline, live, waitsFor } from '../pipeline';

const link = (name: string, needs: string[] = [], run: Partial<IRun> | null = null) => ({
  name,
  needs,
  run: run && aRun({ name, ...run })
});

const places = (...links: ReturnType<typeof link>[]) =>
  inOrder(links).map(({ row, depth }) => `${depth} ${row.name}`);

describe('a pipeline', () => {
  it('stands in the order of the notebook, each below those that feed it', () => {
    expect(places(link('a'), link('b', ['a']), link('c'))).toEqual(['0 a', '1 b', '0 c']);
    expect(
      places(
        link('sheet', ['thumbs', 'boxes']),
        link('boxes'),
        link('thumbs', ['raw']),
        link('raw')
      )
    ).toEqual(['0 raw', '1 thumbs', '0 boxes', '2 sheet']);
  });

  it('knows all that feeds one, however indirectly', () => {
    const rows = [link('raw'), link('thumbs', ['raw']), link('other'), link('sheet', ['thumbs'])];
    const names = (at: number) => above(rows[at], rows).map(one => one.name);
    expect([names(3), names(0)]).toEqual([['raw', 'thumbs'], []]);
    const circle = [link('a', ['b', 'gone']), link('b', ['a'])];
    expect(above(circle[0], circle).map(one => one.name)).toEqual(['b']);
  });

  it('cuts a circle, and what feeds it from elsewhere is no row', () => {
    expect(places(link('a', ['b']), link('b', ['a']))).toHaveLength(2);
    expect(places(link('a', ['a']))).toEqual(['0 a']);
    expect(places(link('a', ['elsewhere']))).toEqual(['0 a']);
    expect(isPipeline([link('a', ['elsewhere'])])).toBe(false);
    expect(isPipeline([link('a'), link('b', ['a'])])).toBe(true);
  });

  it('says of a row that has nothing to do yet what it waits for', () => {
    const going = { status: 'running', running: 2, pending: 5 } as const;
    const rows = [
      link('raw', [], { status: 'success' }),
      link('thumbs', ['raw'], going),
      link('sheet', ['raw', 'thumbs'], { status: 'running' })
    ];
    expect(live(rows).map(row => row.name)).toEqual(['thumbs', 'sheet']);
    expect(waitsFor(rows[2], rows)).toEqual(['thumbs']);
    expect(waitsFor(link('sheet', ['thumbs'], going), rows)).toEqual([]);
    expect(waitsFor(link('sheet', ['thumbs'], { status: 'success' }), rows)).toEqual([]);
    expect(waitsFor(link('sheet', ['thumbs']), rows)).toEqual([]);
  });
});
