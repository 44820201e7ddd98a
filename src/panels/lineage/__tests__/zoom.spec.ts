import { fitted, stepped, whole } from '../zoom';

const laid = { width: 1100, height: 200 };

describe('the zoom of the picture of the transforms', () => {
  it('shows all of it at its own size where there is room', () => {
    const room = { width: 1400, height: 300 };
    expect(whole(laid, room)).toBe(1);
    expect(fitted(laid, room)).toBe(1);
  });

  it('begins legible in a narrow document, and shows all of it when that is asked for', () => {
    const room = { width: 550, height: 300 };
    expect(fitted(laid, room) * 11).toBeCloseTo(9);
    expect(whole(laid, room) * laid.width).toBeLessThanOrEqual(room.width);
  });

  it('never steps in when it is to step out', () => {
    expect(stepped(0.2, 'out', 0.2)).toBe(0.2);
    expect(stepped(0.5, 'out', 1)).toBe(0.4);
    expect(stepped(1.9, 'in', 1)).toBe(2);
  });
});
