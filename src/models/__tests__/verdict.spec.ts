/** What the attempts let one suppose, and what a few lines of Python are cut into. */
import { nullTranslator } from '@jupyterlab/translation';

import { aGroup, RUN } from '../../__tests__/world';
import { errorType } from '../../panels/attempts';
import { pieces } from '../../panels/python';
import type { IAttempt } from '../../tokens';
import { verdict } from '../verdict';

const trans = nullTranslator.load('x');

function attempt(more: Partial<IAttempt> = {}): IAttempt {
  return {
    run: RUN,
    attempt: 1,
    state: 'failed',
    worker: 'w1',
    began: 1,
    seconds: 0.1,
    message: 'bad CRC in chunk 7',
    traceback:
      'Traceback (most recent call last):\n  cell, line 2\nlib.CRCError: bad CRC in chunk 7',
    phase: 'cell',
    place: 'cell line 2',
    log: null,
    ...more
  };
}

describe('the verdict', () => {
  it('says no more than the attempts tell', () => {
    const again = attempt({ attempt: 2, message: 'bad CRC in chunk 9' });
    expect(verdict(trans, [], null, 2)).toBeNull();
    expect(verdict(trans, [attempt()], null, 2)).toBeNull();
    expect(verdict(trans, [attempt(), { ...again, worker: 'w2' }], null, 2)).toBe(
      'Same error 2 times, on 2 workers: final, and more likely the file or the code than the machine.'
    );
    expect(verdict(trans, [attempt(), again], null, 2)).toContain('machine is not ruled out');
    expect(verdict(trans, [attempt(), { ...again, place: 'cell line 3' }], null, 2)).toContain(
      'Not the same error'
    );
    expect(verdict(trans, [attempt(), { ...again, state: 'success' }], null, 2)).toContain(
      'more likely the moment'
    );
    expect(
      verdict(trans, [attempt({ run: 'old' }), { ...again, state: 'success' }], null, 2)
    ).toContain('earlier run');
    expect(verdict(trans, [attempt({ run: 'old' }), again], null, 2)).toBeNull();
    expect(verdict(trans, [attempt({ phase: 'worker' })], null, 2)).toContain('Its worker ended');
  });

  it('suspects a machine only if many failed on one worker alone', () => {
    const alone = aGroup({ datums: 13, workers: ['w3'] });
    expect(verdict(trans, [attempt()], alone, 2)).toContain('perhaps its machine');
    expect(verdict(trans, [attempt()], { ...alone, datums: 2 }, 2)).toBeNull();
    expect(verdict(trans, [attempt()], aGroup({ datums: 13 }), 2)).toBeNull();
  });

  it('says nothing of machines where there was one worker, or where that is not known', () => {
    const again = attempt({ attempt: 2, message: 'bad CRC in chunk 9' });
    const alone = aGroup({ datums: 13, workers: ['w1'] });
    for (const workers of [1, null]) {
      expect(verdict(trans, [attempt()], alone, workers)).toBeNull();
      expect(verdict(trans, [attempt(), again], null, workers)).toBe('Same error 2 times: final.');
    }
  });

  it('names the error in a word', () => {
    expect(errorType(attempt())).toBe('CRCError');
    expect(errorType(attempt({ traceback: null, message: 'the worker died' }))).toBe(
      'the worker died'
    );
  });
});

describe('lines of Python', () => {
  it.each([
    'raise ValueError(f"bad {i} of {n}")  # why',
    "x = 'open",
    'def f(a, *b): return 1.5e3',
    '',
    '\u202e"""'
  ])('are whole again when their pieces are put together: %s', line => {
    expect(
      pieces(line)
        .map(([text]) => text)
        .join('')
    ).toBe(line);
  });

  it('are told apart by kind', () => {
    const kinds = new Map(pieces('    raise Error("x", 1)  # no'));
    expect(kinds.get('raise')).toBe('keyword');
    expect(kinds.get('Error')).toBe('call');
    expect(kinds.get('"x"')).toBe('string');
    expect(kinds.get('1')).toBe('number');
    expect(kinds.get('# no')).toBe('comment');
  });
});
