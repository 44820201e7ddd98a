import { worst } from '../fill';
import {
  flow,
  hull,
  layout,
  nearest,
  nextFailed,
  outline,
  steps,
  tally,
  tileAt,
  worstAt
} from '../tiles';

describe('layout', () => {
  it.each([1, 2, 34, 100, 999, 1999, 2000])('gives %d datums a square of 6 px or more', total => {
    for (const width of [200, 226, 296, 376]) {
      const plan = layout(total, width);
      expect(plan.per).toBe(1);
      expect(plan.tile).toBeGreaterThanOrEqual(6);
      expect(plan.columns * plan.rows).toBeGreaterThanOrEqual(total);
      expect(plan.width).toBeLessThanOrEqual(width);
    }
  });

  it.each([2001, 5000, 10_000, 1_000_000, 10_000_000])('gives %d datums tiles that fit', total => {
    const plan = layout(total, 296);
    expect(Number.isInteger(plan.per)).toBe(true);
    expect(plan.columns * plan.rows * plan.per).toBeGreaterThanOrEqual(total);
    expect(plan.height).toBeLessThanOrEqual(148);
  });

  it('lives with no datums and no width', () => {
    expect(layout(0, 0).per).toBe(1);
  });
});

describe('steps', () => {
  it.each([
    [1, 32],
    [20, 32],
    [2000, 20],
    [20_000, 6]
  ])('begin for %d datums with the largest squares that all fit', (total, tile) => {
    const [first] = steps(total, 1000, 800);
    expect(first).toEqual({ per: 1, tile });
    expect(flow(total, 1000, first).height).toBeLessThanOrEqual(800);
  });

  it('begin for many with tiles, and go down to one datum by halves', () => {
    const found = steps(1_000_000, 800, 500);
    expect(found.slice(0, 6)).toEqual(
      [10, 5, 3, 2, 1, 1].map((per, at) => ({ per, tile: at === 5 ? 3 : 2 }))
    );
    expect(flow(1_000_000, 800, found[0]).height).toBeLessThanOrEqual(500);
    expect(found[found.length - 1]).toEqual({ per: 1, tile: 32 });
  });

  it('live with a field that is not there yet', () => {
    expect(steps(1_000_000, 0, 0)[0].per).toBe(1_000_000);
    expect(steps(0, 0, 0)[0]).toEqual({ per: 1, tile: 32 });
  });
});

describe('a drag', () => {
  const plan = flow(95, 100, { per: 1, tile: 10 });

  it('ends at the nearest tile when it leaves the map', () => {
    expect(nearest(plan, 95, -50, -50)).toEqual([0, 1]);
    expect(nearest(plan, 95, 999, 999)).toEqual([94, 95]);
    expect(nearest(plan, 95, 999, 15)).toEqual([19, 20]);
    expect(nearest(plan, 95, 99, 95)).toEqual([94, 95]); // behind the last one
  });

  it('goes both ways', () => {
    expect(hull([4, 5], [20, 21])).toEqual([4, 21]);
    expect(hull([20, 21], [4, 5])).toEqual([4, 21]);
  });
});

describe('outline', () => {
  /** The area that polygons enclose. */
  const area = (polygons: [number, number][][]) =>
    polygons
      .map(corners =>
        corners.reduce((sum, [x, y], at) => {
          const [u, v] = corners[(at + 1) % corners.length];
          return sum + x * v - u * y;
        }, 0)
      )
      .reduce((sum, twice) => sum + Math.abs(twice) / 2, 0);

  it.each([
    [3, 4],
    [3, 10],
    [8, 12],
    [8, 19],
    [0, 30],
    [7, 43],
    [5, 25]
  ])('of tiles %d to %d holds as many tiles', (first, end) => {
    expect(area(outline(10, first, end))).toBe(end - first);
  });

  it('is in two parts where rows do not touch', () => {
    expect(outline(10, 8, 12)).toHaveLength(2);
    expect(outline(10, 5, 25)).toHaveLength(1);
  });
});

describe('tiles', () => {
  const states = Uint8Array.of(2, 2, 2, 5, 1, 2, 3, 1, 0, 0);

  it('show the worst of their datums', () => {
    expect(worst(states, 0, 3)).toBe(2);
    expect(worst(states, 2, 6)).toBe(1);
    expect(worst(states, 0, 10)).toBe(3);
    expect(worst(states, 8, 10)).toBe(0);
  });

  it('lose no failure among a million, wherever it is', () => {
    const many = new Uint8Array(1_000_000).fill(2);
    const plan = layout(many.length, 296);
    for (const at of [0, 417_003, 999_999]) {
      many[at] = 3;
      const start = Math.floor(at / plan.per) * plan.per;
      expect(worst(many, start, Math.min(many.length, start + plan.per))).toBe(3);
      expect(worstAt(many, start, Math.min(many.length, start + plan.per))).toBe(at);
      many[at] = 2;
    }
  });

  it('are found by a point, and only inside', () => {
    const plan = layout(10, 30); // squares of 14: two a row
    expect(tileAt(plan, 10, 0, 0)).toEqual([0, 1]);
    expect(tileAt(plan, 10, plan.tile + 1, plan.tile + 1)).toEqual([3, 4]);
    expect(tileAt(plan, 10, 29.9, 0)).toBeNull();
    expect(tileAt(plan, 10, 0, plan.tile * 99)).toBeNull();
    expect(tileAt(plan, 10, -1, 0)).toBeNull();
  });

  it('count their datums by state', () => {
    expect(tally(states, 0, 10)).toEqual([2, 2, 4, 1, 0, 1, 0]);
  });
});

describe('nextFailed', () => {
  const states = Uint8Array.of(2, 3, 2, 3, 3, 9);

  it('goes on round the end, both ways', () => {
    expect([-1, 1, 3, 4].map(from => nextFailed(states, 5, from, 1))).toEqual([1, 3, 4, 1]);
    expect([5, 4, 3, 1, 0].map(from => nextFailed(states, 5, from, -1))).toEqual([4, 3, 1, 4, 4]);
  });

  it('is -1 where none has failed, and does not look behind the end', () => {
    expect(nextFailed(Uint8Array.of(2, 2, 3), 2, -1, 1)).toBe(-1);
  });
});
