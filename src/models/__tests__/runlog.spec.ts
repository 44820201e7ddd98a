/** What a run's log is told, and what it is not told twice. */
import { nullTranslator } from '@jupyterlab/translation';

import { writeFrame, readFrame } from '../../codec';
import { aGroup, aRun, PROJECT, RUN } from '../../__tests__/world';
import { linesOfPast } from '../../panels/logwords';
import { RunModel } from '../run';
import { RunLog } from '../runlog';

const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
const worker = (name: string, more: object = {}) => ({
  ...{ worker: name, pid: 1, host: null, up: 1, position: null, key: null, since: null, done: 0 },
  ...{ state: 'idle', ...more }
});

describe('the log of a run', () => {
  let said: string[];
  let run: RunModel;
  let log: RunLog;
  const frame = (type: string, body: unknown) =>
    run.apply(readFrame(writeFrame({ type, project: PROJECT, run: RUN }, bytes(body))));

  beforeEach(() => {
    said = [];
    run = new RunModel(PROJECT, RUN);
    run.learn(aRun({ status: 'running' }));
    log = new RunLog({
      group: group => said.push(`group ${group.id}`),
      worker: one => said.push(`gone ${one.worker} ${one.state}`),
      cluster: cluster => said.push(`cluster ${cluster.state} ${cluster.message ?? ''}`)
    });
    log.follow(run);
  });

  it('tells each kind of failure once, a hundred at most', async () => {
    await frame('groups', { groups: [aGroup()], other: null });
    await frame('groups', { groups: [aGroup({ datums: 9 }), aGroup({ id: 2 })], other: null });
    expect(said).toEqual(['group 1', 'group 2']);
    const many = Array.from({ length: 300 }, (_, id) => aGroup({ id: id + 1 }));
    await frame('groups', { groups: many, other: null });
    expect(said.length).toBe(100);
    const again = new RunModel(PROJECT, RUN);
    log.follow(again);
    again.group([aGroup()], null);
    expect(said.length).toBe(100);
  });

  it('tells which worker is gone, but not when all go at the end', async () => {
    await frame('workers', [worker('w1'), worker('w2')]);
    await frame('workers', [worker('w1'), worker('w2', { up: null, state: 'killed' })]);
    await frame('workers', [worker('w1')]);
    expect(said).toEqual(['gone w2 killed']);
    run.learn(aRun({ status: 'success', ended: 9 }));
    await frame('workers', []);
    expect(said).toEqual(['gone w2 killed']);
  });

  it('tells what becomes of the cluster', () => {
    const cluster = { id: 1, engine: 'dask', run: RUN, since: 1, up: 0, wanted: 4 };
    run.staff([{ ...cluster, state: 'requested', message: 'job 4711 is pending' }]);
    run.staff([{ ...cluster, state: 'requested', message: 'job 4711 is pending' }]);
    run.staff([{ ...cluster, up: 4, state: 'ready', message: null }]);
    expect(said).toEqual(['cluster requested job 4711 is pending', 'cluster ready ']);
  });

  it('begins with when it was, where the page has not listened', () => {
    const lines = linesOfPast(nullTranslator.load('x'), aRun({ status: 'failed', ended: 90 }));
    expect(lines.map(({ level }) => level)).toEqual(['info', 'warning']);
    expect(lines[0].text).toMatch(/^Jan 1, 1970.* running$/);
    expect(lines[1].text).toMatch(/^Jan 1, 1970.* failures: /);
  });
});
