/** Which runs are worth a word, and how often. */
import { aRun, PROJECT } from '../../__tests__/world';
import type { IRun } from '../../tokens';
import { Notices } from '../notices';
import type { INotice } from '../notices';

describe('notices', () => {
  let said: INotice[];
  let notices: Notices;
  const now = () => Date.now() / 1000;
  const what = () => said.map(one => one.what);

  beforeEach(() => {
    jest.useFakeTimers();
    said = [];
    notices = new Notices(notice => said.push(notice));
  });
  afterEach(() => {
    notices.dispose();
    jest.useRealTimers();
  });

  /** Tell of one run, from state to state. */
  function tell(...states: Partial<IRun>[]): void {
    let before: IRun | null = null;
    for (const state of states) {
      const run: IRun = { ...(before ?? aRun({ requested: now() + 1, started: now() })), ...state };
      notices.hear({ project: PROJECT, run, before });
      before = run;
    }
  }

  it('tells of the first failure once, and of the end', () => {
    tell({ status: 'running' }, { failed: 1 }, { failed: 2 });
    expect(what()).toEqual([]);
    jest.advanceTimersByTime(3000);
    expect(what()).toEqual(['failing']);
    tell({ status: 'running' }, { failed: 1 }, { status: 'failed', ended: now() });
    jest.advanceTimersByTime(3000);
    expect(what()).toEqual(['failing', 'failed']);
  });

  it('tells of a pause that nobody asked for, in place of the failures that it is for', () => {
    const message = 'the first 20 failed alike: ValueError';
    tell({ status: 'running' }, { failed: 20, status: 'paused', message }, { workers: 1 });
    jest.advanceTimersByTime(9000);
    expect(what()).toEqual(['paused']);
    tell({ status: 'running', message: null }, { status: 'paused', message });
    expect(what()).toEqual(['paused', 'paused']);
    tell({ uuid: 'b', status: 'running' }, { status: 'paused', message: 'paused by hand' });
    tell({ uuid: 'c', status: 'paused', message, requested: 1 }); // long before this page
    expect(what()).toEqual(['paused', 'paused']);
  });

  it('has one word for a run that fails and ends at once', () => {
    tell({ failed: 3, status: 'failed', ended: now() + 1 });
    jest.advanceTimersByTime(9000);
    expect(what()).toEqual(['failed']);
  });

  it('tells of a good end only if it took long, and never of a cancelled run', () => {
    tell({ status: 'running' }, { status: 'success', ended: now() + 3 });
    tell({ uuid: 'c', status: 'running' }, { status: 'cancelled', ended: now() + 60 });
    expect(what()).toEqual([]);
    tell({ uuid: 'b', status: 'running' }, { status: 'success', ended: now() + 11 });
    expect(what()).toEqual(['done']);
  });

  it('raises no alarm for failures that are expected', () => {
    tell({ status: 'running' }, { failed: 2, expected: 2 });
    jest.advanceTimersByTime(9000);
    tell({ uuid: 'b', failed: 2, expected: 2, status: 'failed', ended: now() + 20 });
    tell({ uuid: 'c', failed: 2, expected: 2, status: 'failed', ended: now() + 2 });
    expect(what()).toEqual(['expected']);
    tell({ uuid: 'd', status: 'running' }, { failed: 2, expected: 2 }, { failed: 3 });
    jest.advanceTimersByTime(9000);
    expect(what()).toEqual(['expected', 'failing']);
    tell({ uuid: 'e', failed: 3, expected: 2, status: 'failed', ended: now() + 2 });
    expect(what()).toEqual(['expected', 'failing', 'failed']);
  });

  it('says nothing of what had happened before the page came', () => {
    const old = { requested: now() - 600, started: now() - 600 };
    tell({ ...old, status: 'failed', failed: 3, ended: now() - 60 }, { failed: 2 });
    tell({ ...old, uuid: 'b', status: 'running', failed: 3 }, { failed: 4 });
    tell({ ...old, uuid: 'c', status: 'interrupted' }, { status: 'interrupted' });
    jest.advanceTimersByTime(9000);
    expect(what()).toEqual([]);
    tell({ ...old, uuid: 'b', status: 'failed', failed: 4, ended: now() });
    expect(what()).toEqual(['failed']);
  });

  it('tells that a runner is gone, each time it goes', () => {
    const gone = { status: 'interrupted' } as const;
    tell({ status: 'running' }, gone, gone, { status: 'running' }, gone);
    expect(what()).toEqual(['interrupted', 'interrupted']);
    tell({ status: 'error', message: 'no room', ended: now() });
    tell({ status: 'error', message: 'no room', ended: now() });
    expect(what()).toEqual(['interrupted', 'interrupted', 'error']);
  });
});
