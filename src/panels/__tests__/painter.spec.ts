import { nextFailed } from '../../models/datums';
import { layout, tally, tileAt, worst, worstAt } from '../painter';

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
