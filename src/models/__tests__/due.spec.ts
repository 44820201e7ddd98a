import { aRun } from '../../__tests__/world';
import { byWord, leftDue, newerInputs } from '../due';

const run = (more: object) =>
  aRun({ status: 'success', success: 3, requested: 10, ended: 20, ...more });

describe('what is due', () => {
  it('is counted by the words of a choice; what is at rest counts nowhere', () => {
    const reasons = {
      new: 1,
      'failed before': 2,
      'code changed': 3,
      'output missing': 4,
      unchanged: 9
    };
    expect(byWord(reasons)).toEqual({ new: 1, failed: 2, stale: 7 });
  });

  it('is what a run of some left out, but for failed ones, which are told elsewhere', () => {
    const left = { new: 2, 'code changed': 225, unchanged: 4, 'failed before': 9, forced: 8 };
    expect(leftDue(run({ left }))).toBe(227);
    expect(leftDue(run({ left: null }))).toBe(0);
  });

  describe('behind a transform that made something', () => {
    const rows = (up: object, down: object | null = {}) => [
      { name: 'up', needs: [], run: run({ name: 'up', pipeline: 'p', ...up }) },
      { name: 'down', needs: ['up'], run: down && run({ name: 'down', pipeline: 'q', ...down }) }
    ];
    const newer = (up: object, down?: object | null) => {
      const all = rows(up, down);
      return newerInputs(all[1], all);
    };
    it.each([
      ['after its last run began', { ended: 11 }, {}, ['up']],
      ['before that', { ended: 9 }, {}, []],
      ['in the same pipeline', { pipeline: 'q' }, {}, []],
      ['which made nothing', { success: 0 }, {}, []],
      ['which goes on', { status: 'running', ended: null }, {}, []],
      ['without a run of its own', {}, null, []]
    ])('%s', (_, up, down, found) => expect(newer(up, down)).toEqual(found));
  });
});
