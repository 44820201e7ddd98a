import {
  aGroup,
  aRun,
  delta,
  FakeServer,
  PROJECT,
  RUN,
  settle,
  snapshot,
  until
} from '../../__tests__/world';
import { RefusedError } from '../../requests';
import { RunsModel } from '../runs';

describe('RunsModel', () => {
  let server: FakeServer;
  let runs: RunsModel;

  beforeEach(() => {
    server = new FakeServer();
    runs = new RunsModel(server);
  });

  afterEach(() => {
    runs.dispose();
    jest.useRealTimers();
  });

  async function open(): Promise<void> {
    await settle();
    server.last.open();
  }

  it('opens one socket, whatever is asked of it, and none before', async () => {
    await settle();
    expect(server.sockets).toHaveLength(0);
    expect(runs.connection).toBe('idle');
    runs.watch(PROJECT);
    const one = runs.hold(PROJECT, RUN);
    const other = runs.hold(PROJECT, RUN);
    runs.hold(PROJECT, '0'.repeat(32));
    await open();
    expect(server.sockets).toHaveLength(1);
    expect(one.model).toBe(other.model);
    const said = server.last.said.map(message => message.type);
    expect(said).toEqual(['visible', 'watch', 'subscribe', 'subscribe']);
  });

  it('knows what a run is on, whichever is told first', async () => {
    const cluster = {
      id: 1,
      engine: 'dask',
      run: RUN,
      state: 'starting',
      since: 1,
      up: 1,
      wanted: 4
    };
    const put = (...clusters: object[]) => {
      const body = new TextEncoder().encode(JSON.stringify(clusters));
      server.last.frame({ type: 'clusters', project: PROJECT }, body);
    };
    const first = runs.hold(PROJECT, RUN);
    await open();
    put({ ...cluster, id: 2, run: null, state: 'idle' }, cluster);
    await until(() => first.model.cluster?.state === 'starting');
    // Its owner writes down but once a second how many are up; the workers themselves are heard.
    const seen = (...up: number[]) => {
      const workers = up.map((since, at) => ({ worker: `w${at}`, up: since, state: 'idle' }));
      const body = new TextEncoder().encode(JSON.stringify(workers));
      server.last.frame({ type: 'workers', project: PROJECT, run: RUN }, body);
    };
    seen(5, 5, 0);
    await until(() => first.model.cluster?.up === 2);
    expect(first.model.cluster?.state).toBe('starting');
    seen(5, 5, 5, 5);
    await until(() => first.model.cluster?.state === 'ready');
    seen();
    await until(() => first.model.cluster?.state === 'starting');
    const other = runs.hold(PROJECT, '0'.repeat(32));
    expect(other.model.cluster).toBeNull();
    first.dispose();
    expect(runs.hold(PROJECT, RUN).model.cluster?.up).toBe(1);
    put({ ...cluster, run: '0'.repeat(32), state: 'ready' });
    await until(() => other.model.cluster?.state === 'ready');
  });

  it('tells once which kernels it draws for, and again after a loss', async () => {
    runs.draw('k1');
    runs.draw('k1');
    await open();
    expect(server.last.said.filter(message => message.type === 'draw')).toEqual([
      { type: 'draw', kernel: 'k1' }
    ]);
    server.last.close();
    runs.reconnect();
    await open();
    expect(server.sockets).toHaveLength(2);
    expect(server.last.said).toContainEqual({ type: 'draw', kernel: 'k1' });
  });

  it('says unsubscribe when the last holder lets go, once', async () => {
    const one = runs.hold(PROJECT, RUN);
    const other = runs.hold(PROJECT, RUN);
    await open();
    one.dispose();
    one.dispose();
    expect(server.last.said.some(message => message.type === 'unsubscribe')).toBe(false);
    other.dispose();
    const last = server.last.said.pop();
    expect(last).toEqual({ type: 'unsubscribe', project: PROJECT, run: RUN });
  });

  it('folds a snapshot and deltas in order, though inflating takes its time', async () => {
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    const a = Uint8Array.of(0, 1, 2, 3);
    const b = Uint8Array.of(2, 2, 2, 3);
    const c = Uint8Array.of(2, 2, 2, 3, 0, 1);
    snapshot(server.last, 4, a);
    delta(server.last, 5, a, b, { success: 3, failed: 1 });
    delta(server.last, 6, b, c, { success: 3, failed: 1, running: 1 });
    await until(() => model.counts?.running === 1);
    expect([...model.states.subarray(0, model.total)]).toEqual([...c]);
  });

  it('asks for a snapshot after a gap, and changes nothing until it comes', async () => {
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    const a = new Uint8Array(6);
    snapshot(server.last, 1, a);
    delta(server.last, 3, a, Uint8Array.of(2, 2, 2, 2, 2, 2));
    delta(server.last, 4, a, Uint8Array.of(3, 3, 3, 3, 3, 3));
    await until(() => server.last.said.some(message => message.type === 'snapshot'));
    const asked = server.last.said.filter(message => message.type === 'snapshot');
    expect(asked).toEqual([{ type: 'snapshot', project: PROJECT, run: RUN }]);
    expect([...model.states]).toEqual([0, 0, 0, 0, 0, 0]);
    snapshot(server.last, 9, Uint8Array.of(5, 5, 5, 5, 5, 5));
    await until(() => model.states[0] === 5);
    expect([...model.states]).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it('asks for a snapshot when a delta does not fit', async () => {
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    snapshot(server.last, 1, Uint8Array.of(1, 1));
    await until(() => model.total === 2);
    const header = { type: 'delta', project: PROJECT, run: RUN, seq: 2, total: 2 };
    server.last.frame({ ...header, counts: model.counts }, Uint8Array.of(1, 9, 2));
    await until(() => server.last.said.some(message => message.type === 'snapshot'));
    expect(server.last.said.pop()).toEqual({ type: 'snapshot', project: PROJECT, run: RUN });
    expect([...model.states]).toEqual([1, 1]);
  });

  it('comes back after a loss: asks the status first, and subscribes again', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    runs.watch(PROJECT);
    runs.hold(PROJECT, RUN);
    await open();
    snapshot(server.last, 1, Uint8Array.of(2));
    await settle();
    server.last.close();
    expect(runs.connection).toBe('lost');
    server.answer = () => Promise.reject(new Error('refused'));
    await jest.advanceTimersByTimeAsync(1100);
    expect(server.asked).toBe(2);
    expect(server.sockets).toHaveLength(1); // no socket while the server is away
    server.answer = async () => ({ version: '0', protocol: 1, schema: 1 });
    await jest.advanceTimersByTimeAsync(2100);
    expect(server.sockets).toHaveLength(2);
    server.last.open();
    expect(runs.connection).toBe('open');
    const said = server.last.said.map(message => message.type);
    expect(said).toEqual(['visible', 'watch', 'subscribe']);
  });

  it('waits longer from loss to loss, and never longer than half a minute', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    server.answer = () => Promise.reject(new Error('refused'));
    runs.watch(PROJECT);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(server.asked).toBeGreaterThan(20); // 30 s at most between two
    expect(server.asked).toBeLessThan(60);
  });

  it('knows a server without our half from one that is away', async () => {
    server.answer = () => Promise.reject(new RefusedError(404, 'unknown', 'Not Found'));
    runs.watch(PROJECT);
    await settle();
    expect(runs.connection).toBe('missing');
  });

  it('does not talk to a server of another protocol', async () => {
    server.answer = async () => ({ version: '9', protocol: 2, schema: 1 });
    runs.watch(PROJECT);
    await settle();
    expect(runs.connection).toBe('older');
    expect(server.sockets).toHaveLength(0);
  });

  it('keeps the lists of runs, newest first, and tells of each that changes its status', async () => {
    const told: string[] = [];
    runs.runChanged.connect((_, run) => told.push(`${run.id} ${run.status}`));
    runs.watch(PROJECT);
    await open();
    const list = (...some: object[]) =>
      server.last.frame(
        { type: 'runs', project: PROJECT },
        new TextEncoder().encode(JSON.stringify(some))
      );
    list(aRun({ id: 1, uuid: '1' }), aRun({ id: 2, uuid: '2' }));
    await settle();
    list(aRun({ id: 1, uuid: '1', status: 'failed' }), aRun({ id: 2, uuid: '2', success: 4 }));
    await settle();
    expect(runs.runs(PROJECT).map(run => run.id)).toEqual([2, 1]);
    expect(told).toEqual(['1 running', '2 running', '1 failed']);
  });

  it('gives groups, workers and errors to the run they are about', async () => {
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    const say = (type: string, body: unknown) =>
      server.last.frame(
        { type, project: PROJECT, run: RUN },
        new TextEncoder().encode(JSON.stringify(body))
      );
    say('groups', { groups: [aGroup()], other: { groups: 2, datums: 5 } });
    say('workers', [{ worker: 'w1' }]);
    server.last.frame({ type: 'error', project: PROJECT, run: RUN, code: 'x', message: 'no' });
    await until(() => model.error !== null);
    expect(model.groups).toHaveLength(1);
    expect(model.other).toEqual({ groups: 2, datums: 5 });
    expect(model.workers).toHaveLength(1);
    expect(model.error).toBe('no');
  });

  it('goes on after a frame that cannot be read', async () => {
    const warned = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    server.last.onmessage?.({ data: Uint8Array.of(255, 0, 0, 0, 1).buffer as ArrayBuffer });
    snapshot(server.last, 1, Uint8Array.of(3));
    await until(() => model.total === 1);
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });

  it('holds a million datums as one array of bytes', async () => {
    const { model } = runs.hold(PROJECT, RUN);
    await open();
    const million = new Uint8Array(1_000_000).fill(2);
    snapshot(server.last, 1, million, { success: 1_000_000 });
    await until(() => model.total === 1_000_000);
    expect(model.states).toBeInstanceOf(Uint8Array);
    expect(model.states.byteLength).toBe(1_000_000);
    const next = million.slice();
    next[999_999] = 3;
    delta(server.last, 2, million, next, { success: 999_999, failed: 1 });
    await until(() => model.counts?.failed === 1);
    expect(model.states[999_999]).toBe(3);
  });
});
