/** How many datums inputs have: what is asked of the server, and what is not. */
import type { ICount } from '../../tokens';
import { CellCounts } from '../cellcounts';
import { Counts, headOf } from '../counts';
import type { ICountable } from '../counts';
import { InputCount } from '../inputcount';

const of = (input: string, more: object = {}): ICountable => ({
  notebook: 'a.ipynb',
  mark: { name: 'x', input, ...more }
});
const told = (count: number): ICount => ({ count, whole: true, why: null, mistake: null });

describe('counts', () => {
  let asked: [ICountable, AbortSignal][];
  let answers: ((count: ICount) => void)[];
  let fails: boolean;
  let counts: Counts;

  beforeEach(() => {
    jest.useFakeTimers();
    asked = [];
    answers = [];
    fails = false;
    counts = new Counts({
      count: async (what: any, signal) => {
        asked.push([what, signal]);
        if (fails) {
          throw new Error('an older server');
        }
        return new Promise(resolve => answers.push(resolve));
      }
    });
  });
  afterEach(() => jest.useRealTimers());

  const later = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  it('of what is typed: the last one, once the keys rest; the one before is given up', async () => {
    const typed = new InputCount(counts, 100);
    typed.look(of('a/*'));
    await later(500);
    expect(asked).toEqual([]); // nobody sees the form
    typed.see(true);
    await later(50);
    typed.look(of('a/*.j'));
    await later(99);
    expect([asked.length, typed.busy]).toEqual([0, true]);
    await later(1);
    typed.look(of('a/*.jp'));
    expect(asked[0][1].aborted).toBe(true);
    await later(100);
    answers[0](told(1));
    answers[1](told(2));
    await later(0);
    expect([typed.busy, typed.told?.count]).toEqual([false, 2]);
    typed.look(of('a/*.jp', { workers: 3 }));
    typed.look(of('a/*.jp'));
    expect([typed.told?.count, asked.length]).toEqual([2, 2]); // no input is listed twice
    typed.look(null);
    expect([typed.told, typed.busy]).toEqual([null, false]);
    typed.look(of('a/*.j'));
    typed.see(false);
    await later(500);
    expect(asked).toHaveLength(2);
  });

  it('hold for a minute; an older server that does not know is asked no more often', async () => {
    const typed = new InputCount(counts, 100);
    typed.see(true);
    fails = true;
    typed.look(of('a/*'));
    await later(100);
    expect([typed.busy, typed.told]).toEqual([false, null]);
    fails = false;
    typed.look(of('b/*'));
    await later(100);
    answers[0](told(3));
    await later(0);
    expect(counts.known(of('b/*'))?.count).toBe(3);
    await later(60_000);
    expect(counts.known(of('b/*'))).toBeUndefined();
  });

  it('of cells that have not run: one after another, those in sight', async () => {
    const cells = new CellCounts(counts, 100);
    const changed = jest.fn();
    cells.changed.connect(changed);
    const two = new Map([
      ['c1', of('a/*')],
      ['c2', of('b/*')]
    ]);
    cells.want(two);
    cells.want(new Map(two));
    await later(100);
    expect(asked).toHaveLength(1);
    answers[0](told(4));
    await later(0);
    expect([cells.of('c1')?.count, cells.of('c2'), asked.length]).toEqual([4, null, 2]);
    cells.want(new Map([['c1', of('a/*')]]));
    expect(asked[1][1].aborted).toBe(true);
    answers[1](told(5));
    await later(200);
    expect([cells.of('c2'), asked.length, changed.mock.calls.length]).toEqual([null, 2, 1]);
    // A copy of the notebook has cells of the same ids, and perhaps nobody trusts it.
    cells.want(new Map([['c1', { ...of('a/*'), notebook: 'copy.ipynb' }]]));
    expect(cells.of('c1')).toBeNull();
    cells.want(new Map());
    expect(cells.of('c1')).toBeNull();
    cells.dispose();
  });

  it('go by the head of a cell: typing in its body counts nothing', () => {
    const head = '%%datum x -i "*.csv"\n#| workers: 2';
    expect(headOf(`\n${head}\nf(datum)\n#| no option`)).toBe(head);
    expect(headOf('%%datum x -i a')).toBe('%%datum x -i a');
  });
});
