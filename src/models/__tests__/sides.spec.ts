/** A unified difference as two columns. */
import { sidesOf } from '../sides';

const HEAD = ['--- code 1', '+++ code 2'];

function told(lines: string[]): (string | null)[][] {
  return sidesOf([...HEAD, ...lines].join('\n')).rows.map(({ old, last }) => [
    old && `${old.number}${old.differs ? '-' : ' '}${old.text}`,
    last && `${last.number}${last.differs ? '+' : ' '}${last.text}`
  ]);
}

describe('two columns', () => {
  it('hold what both have beside each other, and fill what one has not', () => {
    expect(told(['@@ -1,4 +1,5 @@', ' a', '-b', '-c', '+B', '+C', '+D', ' e'])).toEqual([
      ['1 a', '1 a'],
      ['2-b', '2+B'],
      ['3-c', '3+C'],
      [null, '4+D'],
      ['4 e', '5 e']
    ]);
  });

  it('say where lines are left out', () => {
    const { rows } = sidesOf(
      [...HEAD, '@@ -8 +8 @@', '-x', '+y', '@@ -20,2 +20,2 @@', ' a', '+b'].join('\n')
    );
    expect(rows.map(row => row.gap)).toEqual([true, true, false]);
    expect(rows[1].old?.number).toBe(20);
  });

  it('take a line that begins with signs for a line', () => {
    expect(told(['@@ -1 +1 @@', '---- a', '++++ b'])).toEqual([['1---- a', '1++++ b']]);
  });

  it('are empty where nothing differs, and tell what is cut', () => {
    expect(sidesOf('')).toEqual({ rows: [], rest: '' });
    const cut = sidesOf([...HEAD, '@@ -1 +1 @@', '-a', '... 12 more lines'].join('\n'));
    expect(cut.rest).toBe('... 12 more lines');
  });
});
