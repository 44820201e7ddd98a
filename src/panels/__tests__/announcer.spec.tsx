/** What is said aloud of a run: at which moments, and nothing that is out of date. */
import { nullTranslator } from '@jupyterlab/translation';

import { aRun, PROJECT, RUN } from '../../__tests__/world';
import { RunModel } from '../../models/run';
import { Spoken } from '../announcer';

const START = 1_000_000_000_000;

describe('what is said aloud of a run', () => {
  let run: RunModel;
  let spoken: Spoken;
  let now: number;

  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    now = START;
    run = new RunModel(PROJECT, RUN);
    spoken = new Spoken(nullTranslator.load('x'));
  });
  afterEach(() => jest.useRealTimers());

  /** So many seconds later the run stands like this. */
  function after(seconds: number, more: object): string {
    now += seconds * 1000;
    jest.setSystemTime(now);
    run.learn(aRun({ status: 'running', total: 1000, planned: 1, ...more }));
    return spoken.look(run, null, now);
  }
  /** So many seconds later nothing was heard of it. */
  function nothing(seconds: number): string {
    now += seconds * 1000;
    jest.setSystemTime(now);
    return spoken.look(run, null, now);
  }

  it('is not said again within 15 seconds, and then as it stands', () => {
    expect(after(0, { success: 1 })).toBe('running: 1 of 1,000 done, 0 failed');
    expect(after(14, { success: 100 })).toBe('running: 1 of 1,000 done, 0 failed');
    // Nothing more comes: what was said does not stay behind for ever.
    expect(nothing(1)).toBe('running: 100 of 1,000 done, 0 failed');
  });

  it('comes at once with the first failure, and not with the second', () => {
    after(0, { success: 1 });
    const first = after(1, { success: 1, failed: 1 });
    expect(first).toBe('First failure. running: 2 of 1,000 done, 1 failed');
    expect(after(1, { success: 1, failed: 2 })).toBe(first);
  });

  it('takes failures that were expected for no alarm', () => {
    const before = after(0, { success: 1 });
    expect(after(1, { success: 1, failed: 3, expected: 3 })).toBe(before);
  });

  it('comes at 25, 50 and 75 %, once the listing has ended', () => {
    after(0, { planned: 0, total: 10, success: 1 });
    const listing = after(1, { planned: 0, total: 10, success: 9 });
    expect(listing).toBe('running: 1 of 10 done, 0 failed');
    expect(after(1, { success: 249 })).toBe(listing);
    expect(after(1, { success: 250 })).toBe('25%. running: 250 of 1,000 done, 0 failed');
    expect(after(1, { success: 500 })).toBe('50%. running: 500 of 1,000 done, 0 failed');
    expect(after(1, { success: 750 })).toMatch(/^75%/);
    expect(after(1, { status: 'success', success: 1000, ended: now / 1000 })).toBe(
      'done: 1,000 of 1,000 done, 0 failed'
    );
  });

  it('tells a halt once, and its end', () => {
    after(0, { success: 10, running: 1 });
    expect(nothing(29)).not.toContain('no progress');
    const halt = nothing(2);
    expect(halt).toBe('no progress for 31 s. running: 10 of 1,000 done, 0 failed');
    expect(nothing(3)).toBe(halt);
    expect(after(1, { success: 11, running: 1 })).toBe('running: 11 of 1,000 done, 0 failed');
  });

  it('tells of no halt while nothing is heard of the run', () => {
    after(0, { success: 10, running: 1 });
    run.disconnect();
    expect(nothing(60)).toBe('running: 10 of 1,000 done, 0 failed');
  });

  it('tells at once that it was stopped, and of another run as of a new one', () => {
    after(0, { success: 10 });
    expect(after(1, { status: 'cancelled', success: 10, cancelled: 990, ended: 1 })).toBe(
      'stopped: 10 of 1,000 done, 0 failed'
    );
    const other = new RunModel(PROJECT, 'e'.repeat(32));
    other.learn(aRun({ uuid: 'e'.repeat(32), total: 4, success: 2, failed: 2, status: 'failed' }));
    expect(spoken.look(other, null, now)).toBe('done with failures: 4 of 4 done, 2 failed');
  });
});
