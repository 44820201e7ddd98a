import { HIGHEST, ROW, Scroll } from '../scroll';

describe('the scroll bar of a table', () => {
  it('is as high as the rows where browsers can have that', () => {
    const scroll = new Scroll(1000, 480);
    expect([scroll.height, scroll.scaled]).toEqual([24_000, false]);
    expect(scroll.top(240)).toBe(10);
    expect(scroll.drawn(10.5)).toEqual([10, 32]);
  });

  it.each([1_000_000, 10_000_000])('reaches every one of %i rows', rows => {
    const scroll = new Scroll(rows, 480);
    expect([scroll.height, scroll.scaled]).toEqual([HIGHEST, true]);
    expect(scroll.top(0)).toBe(0);
    expect(scroll.drawn(scroll.top(HIGHEST - 480))[1]).toBe(rows);
    for (const n of [0, 1, 17, rows >> 1, rows - 30]) {
      expect(scroll.top(scroll.pixels(n))).toBeCloseTo(n, 3);
    }
  });

  it('shows a row that is moved to, and stays where it is in view', () => {
    const scroll = new Scroll(1_000_000, 20 * ROW);
    expect(scroll.reveal(100, 105)).toBe(100);
    expect(scroll.reveal(100, 99)).toBe(99);
    expect(scroll.reveal(100, 120)).toBe(101);
    expect(scroll.reveal(0, 999_999)).toBe(999_980);
    expect(scroll.inside(1e9)).toBe(999_980);
    expect(new Scroll(0, 480).inside(5)).toBe(0);
  });
});
