/** When a page asks how a run went, and when it does not. */
import { Signal } from '@lumino/signaling';

import { aTiming, PROJECT, RUN, until } from '../../__tests__/world';
import type { ITiming } from '../../tokens';
import { TimingModel } from '../timing';

class Run {
  project = PROJECT;
  uuid = RUN;
  ended = false;
  changed = new Signal<any, void>(this);
}

class Server {
  readonly asked: (number | null)[] = [];
  answer: Partial<ITiming> = {};
  async timing(_: string, __: string, window: number | null): Promise<ITiming> {
    this.asked.push(window);
    return aTiming(this.answer);
  }
}

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

describe('the model of how a run went', () => {
  let run: Run;
  let server: Server;
  let model: TimingModel;

  beforeEach(() => {
    run = new Run();
    server = new Server();
    model = new TimingModel(run, server, 20);
  });
  afterEach(() => model.dispose());

  it('asks nothing while nobody looks', async () => {
    run.changed.emit();
    await wait(40);
    expect(server.asked).toHaveLength(0);
    model.shown = true;
    await until(() => server.asked.length === 1);
    await until(() => model.answer !== null);
  });

  it('asks again when the run moves on, at most once a period, and not by a clock', async () => {
    model.shown = true;
    await until(() => model.answer !== null);
    await wait(60);
    expect(server.asked).toHaveLength(1);
    for (let i = 0; i < 50; i++) {
      run.changed.emit();
    }
    await until(() => server.asked.length === 2);
    await wait(60);
    expect(server.asked).toHaveLength(2);
  });

  it('asks until all is read, and after the end once more and never again', async () => {
    server.answer = { whole: false };
    model.shown = true;
    await until(() => server.asked.length === 3);
    server.answer = { whole: true };
    run.ended = true;
    await until(() => model.answer!.whole);
    const n = server.asked.length;
    for (let i = 0; i < 5; i++) {
      run.changed.emit();
      await wait(30);
    }
    expect(server.asked.length).toBeLessThanOrEqual(n + 1);
  });

  it('asks at once for another window, after the end too', async () => {
    run.ended = true;
    model.shown = true;
    await until(() => model.answer !== null);
    model.window = 30;
    await until(() => server.asked.includes(30));
    model.shown = false;
    model.window = 0;
    await wait(40);
    expect(server.asked).not.toContain(0);
    model.shown = true;
    await until(() => server.asked.includes(0));
  });

  it('tells why there is no answer, and asks again when the run moves on', async () => {
    server.timing = () => Promise.reject(new Error('the ledger is busy'));
    model.shown = true;
    await until(() => model.error !== null);
    expect(model.error).toBe('the ledger is busy');
    server.timing = async () => aTiming();
    run.changed.emit();
    await until(() => model.answer !== null);
    expect(model.error).toBeNull();
  });
});
