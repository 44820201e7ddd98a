import { Pace } from '../pace';

describe('Pace', () => {
  it('says nothing before it has seen enough', () => {
    const pace = new Pace();
    expect(pace.rate).toBe(0);
    expect(pace.left(10)).toBeNull();
    pace.look(0, 0);
    pace.look(1, 2);
    expect(pace.rate).toBe(2);
    expect(pace.left(10)).toBeNull();
  });

  it('gives what is left as a range around the middle', () => {
    const pace = new Pace();
    pace.look(0, 0);
    pace.look(10, 1000);
    const left = pace.left(500);
    expect(left?.[0]).toBeCloseTo(5);
    expect(left![1]).toBeLessThan(5);
    expect(left![2]).toBeGreaterThan(5);
  });

  it('forgets what is long ago', () => {
    const pace = new Pace();
    pace.look(0, 0);
    for (let at = 100; at <= 130; at++) {
      pace.look(at, (at - 100) * 5);
    }
    expect(pace.rate).toBeCloseTo(5);
  });

  it('begins anew when a run does', () => {
    const pace = new Pace();
    pace.look(0, 100);
    pace.look(10, 200);
    pace.look(11, 0);
    expect(pace.rate).toBe(0);
  });

  it('stands still when nothing moves', () => {
    const pace = new Pace();
    pace.look(0, 100);
    pace.look(20, 100);
    expect(pace.left(5)).toBeNull();
  });
});
