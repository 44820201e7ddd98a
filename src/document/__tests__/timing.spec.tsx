/** Overview, Timing, Workers and Spec of a run document, drawn into a page. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import {
  aCrew,
  aGroup,
  aRun,
  aSpec,
  aTiming,
  FakeServer,
  PROJECT,
  RUN,
  snapshot,
  until
} from '../../__tests__/world';
import { DocumentModel } from '../../models/document';
import { RunsModel } from '../../models/runs';
import { Commands } from '../../tokens';
import type { IRun, ISpec, ITiming } from '../../tokens';
import { median, runBefore } from '../cards';
import { barAt } from '../charts/timeline';
import { agoTicks, countScale, secondTicks, shortCount, shortSpan } from '../charts/scale';
import { longest } from '../charts/slowest';
import { fenced } from '../code';
import { lineOf } from '../tabs/recorded';
import { crewOf } from '../tabs/workers';
import { RunDocument } from '../widget';

const EVIL = '<img src=x onerror=alert(1)>\u202e\u001b[31mred';

/** A run document over answers that are held in the hand. */
class Document {
  readonly server = new FakeServer();
  readonly runs = new RunsModel(this.server);
  readonly executed: [string, any][] = [];
  timing: () => Promise<ITiming> = async () => aTiming();
  spec: () => Promise<ISpec> = async () => aSpec();
  list: IRun[] = [];
  widget!: RunDocument;

  open(tab: string, info: Partial<IRun> = {}): void {
    const requests: any = {
      run: async () => ({ ...aRun(info), source: '', untracked: null }),
      timing: () => this.timing(),
      spec: () => this.spec(),
      runs: async () => ({ runs: this.list, next: null }),
      overview: async () => ({
        name: 'means',
        datums: 4,
        counting: false,
        times: null,
        days: [{ date: new Date().toISOString().slice(0, 10), new: 4, executions: 4 }]
      })
    };
    const commands = new CommandRegistry();
    for (const id of Object.values(Commands)) {
      commands.addCommand(id, { execute: args => void this.executed.push([id, args]) });
    }
    const model = new DocumentModel(this.runs, requests, { project: PROJECT, run: RUN, tab });
    const host = { trans: nullTranslator.load('x'), commands };
    this.widget = new RunDocument(host as any, model, null);
    Widget.attach(this.widget, document.body);
  }

  async withRun(states: Uint8Array, more: object): Promise<void> {
    await until(() => this.server.sockets.length === 1);
    this.server.last.open();
    snapshot(this.server.last, 1, states, more);
  }

  put(header: object, body: unknown): void {
    this.server.last.frame(header, new TextEncoder().encode(JSON.stringify(body)));
  }

  says(what: string): Promise<void> {
    return until(() => (this.node.textContent ?? '').includes(what));
  }

  get node(): HTMLElement {
    return this.widget.node;
  }

  button(name: string): HTMLButtonElement {
    return [...this.node.querySelectorAll('button')].find(one =>
      (one.getAttribute('aria-label') ?? one.textContent ?? '').includes(name)
    )!;
  }

  dispose(): void {
    this.widget.dispose();
    this.runs.dispose();
  }
}

describe('the tabs of a run document', () => {
  let page: Document;

  beforeAll(() => {
    // The page's stand-in never tells that anything is in view.
    delete (globalThis as any).IntersectionObserver;
  });

  beforeEach(() => {
    page = new Document();
  });
  afterEach(() => page.dispose());

  it('gives four answers at a glance, and leads to failures, other runs and a report', async () => {
    const old = aRun({ uuid: '1'.repeat(32), id: 6, executions: 2, seconds: 3, saved: 9660 });
    page.list = [aRun({ saved: 40 }), old];
    const run = { reasons: { new: 3, unchanged: 1 }, name: 'means', started: 2, late: 2 };
    page.open('overview', run);
    await page.withRun(Uint8Array.of(2, 2, 3, 5), {
      status: 'failed',
      success: 2,
      failed: 1,
      skipped: 1,
      executions: 3,
      seconds: 6,
      ended: 12
    });
    page.put({ type: 'groups', project: PROJECT, run: RUN }, { groups: [aGroup()], other: null });
    await page.says('datums, 1.0 KB of input');
    await page.says('median');
    await page.says('2 s on average · run 6: 1.5 s');
    await page.says('on one day of the last 14');
    await page.says('2 h 41 min');
    await page.says('1 skipped (unchanged)');
    await page.says('2 results: their datums had been given to other workers');
    page.button('ValueError').click();
    expect(page.widget.model.place).toMatchObject({ tab: 'failures', group: 1 });
    page.widget.model.go({ tab: 'overview' });
    await page.says('run 6');
    page.button('run 6').click();
    expect(page.executed.pop()).toEqual([
      Commands.openRun,
      { project: PROJECT, run: old.uuid, tab: 'overview' }
    ]);
    page.button('Save the report').click();
    const args = { project: PROJECT, transform: 'means' };
    expect(page.executed.pop()).toEqual([Commands.report, args]);
  });

  it('shows durations, the slowest and who worked when, each with words', async () => {
    page.open('timing');
    await page.withRun(Uint8Array.of(2, 2, 3, 2), { status: 'failed', ended: 100 });
    await page.says('Duration of 4 datums');
    const image = page.node.querySelector('.jp-datum-chart [role=img]')!;
    expect(image.getAttribute('aria-label')).toBe(
      'Half of 4 datums took up to 500 ms, 95% up to 2 s, the longest 4 s'
    );
    expect(page.node.querySelectorAll('.jp-datum-chart tbody tr')).toHaveLength(3);
    expect(page.node.querySelectorAll('rect[data-state=failed]')).toHaveLength(1);
    await page.says('w2: killed by SIGSEGV');
    const lanes = page.node.querySelectorAll('.jp-datum-lane [role=img]');
    expect([...lanes].map(lane => lane.getAttribute('aria-label'))).toEqual([
      'w1, 1 datum, 0 failed',
      'w2, 1 datum, 1 failed, killed by SIGSEGV'
    ]);
    page.button('c.csv').click();
    expect(page.executed.pop()).toEqual([
      Commands.openDatum,
      { project: PROJECT, run: RUN, position: 2 }
    ]);
  });

  it('says how much of a large run it has read, and what there is when nothing ran', async () => {
    page.timing = async () => aTiming({ whole: false, looked: 1000, settled: 1_000_000 });
    page.open('timing');
    await page.withRun(Uint8Array.of(2, 2, 3, 2), { status: 'failed', ended: 100 });
    await page.says('reading: 1,000 of 1,000,000, spread over all');
    page.timing = async () => aTiming({ times: null, histogram: null, slowest: [] });
    await page.says('No datum was run: all were skipped or cancelled.');
  });

  it('shows workers that are there and those that died, with what the stream told last', async () => {
    page.open('workers');
    await page.withRun(Uint8Array.of(2, 2, 3, 1), { status: 'running' });
    const since = Date.now() / 1000 - 65;
    const told = { worker: 'w1', pid: 11, host: 'here', up: 90, done: 9, state: 'busy' };
    page.put({ type: 'workers', project: PROJECT, run: RUN }, [
      { ...told, position: 3, key: EVIL, since }
    ]);
    await page.says('1 of 1 busy');
    await page.says('1 died');
    await page.says('killed by SIGSEGV');
    await page.says('120 MB');
    expect(page.node.querySelector('img')).toBeNull();
    const open = page.node.querySelector<HTMLButtonElement>('.jp-datum-name-link')!;
    open.click();
    const args = { project: PROJECT, run: RUN, position: 3 };
    expect(page.executed.pop()).toEqual([Commands.openDatum, args]);
  });

  it('shows what the run was, as text', async () => {
    page.spec = async () =>
      aSpec({ source: EVIL, input: EVIL, parts: [{ name: EVIL, digest: 'a' }] });
    page.open('spec');
    await page.says('Code 3');
    await page.says('onerror=alert(1)');
    await page.says('Not tracked, so a change of it runs nothing again: model.bin');
    await page.says('2.1.0');
    expect(page.node.querySelector('img')).toBeNull();
    page.button('Open the cell').click();
    expect(page.executed.pop()).toEqual([Commands.showCell, { name: 'means' }]);
  });

  it('tells of an answer that is refused', async () => {
    page.timing = () => Promise.reject(new Error('the map of this old run was put away'));
    page.spec = () => Promise.reject(new Error('there is no run here'));
    page.open('timing');
    await page.withRun(Uint8Array.of(2), { status: 'success', ended: 100 });
    await page.says('was put away');
    page.widget.model.go({ tab: 'spec' });
    await page.says('there is no run here');
  });
});

describe('what the charts are made of', () => {
  it('names times and counts on their axes', () => {
    expect(secondTicks(-4, 2)).toEqual([0.0001, 0.001, 0.01, 0.1, 1, 10, 60]);
    expect(secondTicks(0, 4)).toEqual([1, 10, 60, 600, 3600]);
    expect(secondTicks(-0.1, 0.5)).toEqual([1, 1.5, 2, 3]);
    // However narrow it is, there are some: 16 to 20 ms, 70 to 90 s, 2 to 4 hours.
    expect(secondTicks(-1.8, -1.7).map(shortSpan)).toEqual(['16 ms', '18 ms']);
    expect(secondTicks(1.85, 2.6).map(shortSpan)).toEqual([
      '1.5 min',
      '2 min',
      '3 min',
      '4 min',
      '5 min'
    ]);
    expect(secondTicks(3.85, 4.2).map(shortSpan)).toEqual(['2 h', '3 h', '4 h']);
    expect(agoTicks(30)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(agoTicks(30, 3)).toEqual([0, 10, 20, 30]);
    expect([0.0005, 0.02, 0.999, 3.25, 90, 7300].map(shortSpan)).toEqual([
      '0.5 ms',
      '20 ms',
      '1 s',
      '3.3 s',
      '1.5 min',
      '2 h'
    ]);
    expect([1, 1000, 20_000, 1e6].map(shortCount)).toEqual(['1', '1000', '20k', '1M']);
  });

  it('counts linearly while they are few, else so that one is still seen', () => {
    const few = countScale(8, 100);
    expect([few.log, few.height(4), few.height(0)]).toEqual([false, 50, 0]);
    const many = countScale(1_000_000, 100);
    expect(many.log).toBe(true);
    expect(many.height(1)).toBeGreaterThan(3);
    expect(many.height(1_000_000)).toBeCloseTo(100);
    expect(many.ticks.map(tick => tick.value)).toEqual([1, 10, 100, 1e3, 1e4, 1e5, 1e6]);
  });

  it('ranks what is at work among what has ended', () => {
    const running = [{ position: 9, key: 'z', worker: 'w1', began: 80, seconds: 3, slow: false }];
    const rows = longest(aTiming({ running }), 2);
    expect(rows.map(row => [row.position, row.state, row.seconds])).toEqual([
      [9, 'running', 5],
      [2, 'failed', 4],
      [0, 'success', 0.5]
    ]);
  });

  it('finds the bar under the pointer', () => {
    const bars: any = [
      [0, 1, 1, 0, 1, 0],
      [5, 5.01, 1, 0, 1, 1]
    ];
    expect(barAt(bars, 0.5, 0.1)![5]).toBe(0);
    expect(barAt(bars, 4.95, 0.1)![5]).toBe(1);
    expect(barAt(bars, 3, 0.1)).toBeNull();
  });

  it('takes the newer word of who is at what', () => {
    const told: any = { worker: 'w1', pid: 1, host: '', up: 1, done: 9, state: 'busy' };
    const now = { ...told, position: 5, key: null, since: 3 };
    expect(crewOf([aCrew()], [now], false)[0]).toMatchObject({ done: 9, position: 5 });
    expect(crewOf([aCrew()], [now], true)[0]).toMatchObject({ done: 2, position: null });
    expect(crewOf([], [now], false)[0]).toMatchObject({ worker: 'w1', state: 'busy', busy: null });
  });

  it('keeps code in its fence, and writes options as lines', () => {
    expect(fenced('a = """```"""')).toBe('````python\na = """```"""\n````');
    expect(lineOf(aSpec())).toBe(
      '#| input: *.csv\n#| tries: 2\n#| engine: dask\n#| depends: table.csv'
    );
  });

  it('knows the run before, and the middle of some days', () => {
    const runs = [aRun({ id: 9 }), aRun({ id: 5 }), aRun({ id: 4, executions: 1 })];
    expect(runBefore(runs, { id: 9 })!.id).toBe(4);
    expect(runBefore(runs, null)).toBeNull();
    expect([median([]), median([3, 1, 2])]).toEqual([0, 2]);
  });
});
