/** The panel as one sees it: models fed by frames, drawn into a page. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { aGroup, aRun, FakeServer, PROJECT, RUN, snapshot, until } from '../../__tests__/world';
import { RunOutput } from '../../cells/output';
import { DatumModel } from '../../models/datums';
import { PanelModel } from '../../models/panel';
import type { IOpenNotebook } from '../../models/panel';
import { RunsModel } from '../../models/runs';
import { Commands, MIME_TYPE } from '../../tokens';
import { DatumWidget } from '../datumview';
import { Sidebar } from '../sidebar';

const CELL = '%%datum means -i "*.csv"\nmean(datum.path)';
const EVIL = '<img src=x onerror=alert(1)>\u202e\u001b[31mred';

class Notebook implements IOpenNotebook {
  path = 'work/readings.ipynb';
  kernel = 'k';
  source = CELL;
  changed = new Signal<this, 'saved' | 'edited' | 'kernel'>(this);
  cells() {
    return [{ id: 'c1', source: this.source, code: true }];
  }
}

describe('the panel', () => {
  let server: FakeServer;
  let runs: RunsModel;
  let panel: PanelModel;
  let sidebar: Sidebar;
  let context: any;
  let executed: [string, any][];
  let host: { trans: any; commands: CommandRegistry };

  beforeEach(() => {
    server = new FakeServer();
    runs = new RunsModel(server);
    context = { state: 'ok', message: null, project: PROJECT, root: '', kernel: null };
    panel = new PanelModel(runs, {
      context: async () => context,
      transforms: async () => [],
      run: async () => ({ ...aRun(), source: CELL, untracked: null })
    });
    executed = [];
    const commands = new CommandRegistry();
    for (const id of [...Object.values(Commands), 'notebook:create-new']) {
      commands.addCommand(id, { execute: args => void executed.push([id, args]) });
    }
    host = { trans: nullTranslator.load('x'), commands };
    const source = { datums: async () => ({ datums: [], next: null }) };
    sidebar = new Sidebar({ host, panel, source, theme: null });
    Widget.attach(sidebar, document.body);
  });

  afterEach(() => {
    sidebar.dispose();
    panel.dispose();
    runs.dispose();
  });

  const text = () => sidebar.node.textContent ?? '';
  const says = (what: string) => until(() => text().includes(what));
  const button = (name: RegExp) =>
    [...sidebar.node.querySelectorAll('button')].find(one =>
      name.test(one.getAttribute('aria-label') ?? one.textContent ?? '')
    );

  async function withRun(states: Uint8Array, more: object, groups = [aGroup()]): Promise<void> {
    panel.setNotebook(new Notebook());
    await until(() => server.sockets.length === 1);
    server.last.open();
    const run = aRun({ total: states.length, ...more });
    const put = (header: object, body: unknown) =>
      server.last.frame(header, new TextEncoder().encode(JSON.stringify(body)));
    put({ type: 'runs', project: PROJECT }, [run]);
    await until(() => panel.run !== null);
    snapshot(server.last, 1, states, run);
    put({ type: 'groups', project: PROJECT, run: RUN }, { groups, other: null });
    await says('Failures');
    await until(() => panel.run!.groups.length === groups.length && panel.run!.states.length > 0);
  }

  it('says in each empty state what is the matter, and offers one thing to do', async () => {
    await says('No notebook is open');
    expect(sidebar.node.querySelectorAll('.jp-datum-empty button')).toHaveLength(1);
    const empty = new Notebook();
    empty.source = 'x = 1';
    panel.setNotebook(empty);
    await says('No transform in this notebook yet');
    button(/Insert this cell/)!.click();
    expect(executed.pop()![0]).toBe(Commands.insertSample);
  });

  it.each([
    ['kernel-without-extension', null, 'The kernel has not loaded jupyter_datum.'],
    ['foreign', 'it belongs to somebody else', 'it belongs to somebody else'],
    ['damaged', 'the ledger is damaged', 'the ledger is damaged'],
    ['newer', 'the ledger is newer', 'the ledger is newer'],
    ['no-files', null, 'does not lie in a folder']
  ])('tells of %s', async (state, message, words) => {
    context = { ...context, state, message, project: null };
    panel.setNotebook(new Notebook());
    await says(words);
  });

  it('tells that the server has no such half', async () => {
    const { RefusedError } = await import('../../requests');
    server.answer = () => Promise.reject(new RefusedError(404, '', ''));
    panel.setNotebook(new Notebook());
    await says('The server has no datum extension');
  });

  it('shows a run: figure, bar, counts, groups, and retries what failed', async () => {
    const states = Uint8Array.of(2, 2, 2, 3, 3, 3, 0, 0);
    const more = { status: 'failed', success: 3, failed: 3, ended: 12 } as const;
    await withRun(states, more);
    await until(() => button(/Retry 3$/) !== undefined);
    const bar = sidebar.node.querySelector('[data-section=run] [role=progressbar]')!;
    expect(bar.getAttribute('aria-valuetext')).toBe('6 of 8, 3 failed');
    expect(sidebar.node.querySelector('.jp-datum-group-count')!.textContent).toBe('3');
    button(/Retry 3$/)!.click();
    expect(executed.pop()).toEqual([Commands.retryFailed, { project: PROJECT, run: RUN }]);
    button(/Retry these 3/)!.click();
    expect(executed.pop()![1]).toEqual({ project: PROJECT, run: RUN, group: 1 });
  });

  it('says so when the open cell is another than the recorded one', async () => {
    await withRun(Uint8Array.of(3), { status: 'failed', failed: 1, ended: 12 });
    await until(() => panel.edited === false);
    const notebook = panel.notebook as Notebook;
    notebook.source = CELL.replace('mean(', 'median(');
    notebook.changed.emit('edited');
    await until(() => button(/Retry 1 with the edited cell/) !== undefined);
    button(/More ways/)!.click();
    await until(() => button(/with the recorded code$/) !== undefined);
  });

  it('hears that the kernel has loaded us though its cell changes at the same moment', async () => {
    context = { ...context, state: 'no-project', project: null };
    const notebook = new Notebook();
    panel.setNotebook(notebook);
    await until(() => panel.context?.state === 'no-project');
    context = { ...context, state: 'ok', project: PROJECT };
    notebook.changed.emit('kernel');
    notebook.changed.emit('edited'); // the output of the very cell
    await until(() => panel.project === PROJECT);
  });

  it('learns of a new project from the first run that a cell shows', async () => {
    context = { ...context, state: 'no-project', project: null };
    panel.setNotebook(new Notebook());
    await until(() => panel.context?.state === 'no-project');
    context = { ...context, state: 'ok', project: PROJECT };
    const held = runs.hold(PROJECT, RUN);
    await until(() => panel.project === PROJECT);
    held.dispose();
  });

  it('keeps a failure among a million in the bar and in words', async () => {
    const states = new Uint8Array(1_000_000).fill(2);
    states[417_000] = 3;
    await withRun(states, { status: 'running', success: 999_999, failed: 1 });
    await until(() => button(/Retry 1$/) !== undefined);
    const bar = sidebar.node.querySelector('[data-section=run] [role=progressbar]')!;
    expect(bar.querySelector('[data-state=failed]')).not.toBeNull();
    // A million datums are one canvas, not a million nodes.
    expect(sidebar.node.querySelectorAll('*').length).toBeLessThan(400);
  });

  it('greys what it shows while the server is away', async () => {
    await withRun(Uint8Array.of(2), { status: 'running', success: 1 });
    server.last.close();
    await says('No connection to the server; last heard');
    expect(sidebar.node.querySelector('[data-lost=true]')).not.toBeNull();
  });

  it('shows hostile text as text', async () => {
    const group = aGroup({ message: EVIL, type: '<b>E</b>', place: EVIL });
    await withRun(Uint8Array.of(3), { status: 'failed', failed: 1, ended: 12 }, [group]);
    await says('<b>E</b>');
    expect(sidebar.node.querySelector('img, b > b, script')).toBeNull();
    expect(text()).toContain('<img src=x onerror=alert(1)>\\u202ered');
    expect(text()).not.toContain('\u202e');
  });

  it('folds its sections by real buttons, and tells it', async () => {
    await withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12 });
    const folded: string[][] = [];
    sidebar.onFolded = names => folded.push(names);
    const fold = sidebar.node.querySelector<HTMLButtonElement>(
      '[data-section=map] .jp-datum-fold'
    )!;
    expect(fold.getAttribute('aria-expanded')).toBe('true');
    fold.click();
    await until(() => fold.getAttribute('aria-expanded') === 'false');
    expect(folded).toEqual([['map']]);
    expect(sidebar.node.querySelector('canvas')).toBeNull();
  });

  it('shows a datum with traceback, log, files and attempts as text', async () => {
    const attempt = {
      run: RUN,
      attempt: 1,
      state: 'failed',
      worker: 'w1',
      began: 1,
      seconds: 0.1,
      message: EVIL,
      traceback: `Traceback\n  ${EVIL}`,
      phase: 'run',
      place: 'cell line 4',
      log: 12
    };
    const datum: any = {
      id: 11,
      key: `a/${EVIL}.csv`,
      state: 'failed',
      attempt: 2,
      attempts: [{ ...attempt, attempt: 2, began: 2, message: 'again' }, attempt],
      seconds: 0.1,
      began: 1,
      worker: 'w1',
      position: 3,
      run: RUN,
      group: 1,
      inputs: [{ name: '', rel: 'a.csv', size: 12, path: 'work/a.csv' }],
      outputs: [{ name: '', rel: '../out', size: null, path: null }],
      result: null,
      metrics: {}
    };
    const model = new DatumModel(
      {
        datum: async () => datum,
        display: async () => [],
        position: async () => datum,
        log: async () => ({ text: EVIL, size: 99, cut: true })
      },
      PROJECT,
      RUN
    );
    const widget = new DatumWidget(host, model);
    Widget.attach(widget, document.body);
    await model.openAt(3);
    await until(() => (widget.node.textContent ?? '').includes('What it printed'));
    expect(widget.node.textContent).toContain('again');
    expect(widget.node.querySelector('img')).toBeNull();
    expect(widget.node.querySelector('[data-part=log]')!.textContent).toContain('\\u202e');
    const links = [...widget.node.querySelectorAll<HTMLButtonElement>('.jp-datum-files button')];
    expect(links).toHaveLength(1); // what has no contents path cannot be opened
    links[0].click();
    expect(executed.pop()).toEqual([Commands.openFile, { path: 'work/a.csv' }]);
    widget.dispose();
  });

  it('draws a cell output from the bundle first, then live', async () => {
    const output = new RunOutput(host, runs);
    Widget.attach(output, document.body);
    const bundle = {
      project: PROJECT,
      run: RUN,
      name: 'means',
      status: 'running',
      counts: { total: 4, success: 1, failed: 1 }
    };
    await output.renderModel({ data: { [MIME_TYPE]: bundle, 'text/plain': 'x' } } as any);
    await until(() => (output.node.textContent ?? '').includes('2 of 4'));
    await until(() => server.sockets.length === 1);
    server.last.open();
    snapshot(server.last, 1, Uint8Array.of(2, 2, 2, 3), {
      status: 'failed',
      success: 3,
      failed: 1,
      ended: 3
    });
    await until(() => (output.node.textContent ?? '').includes('3 success'));
    expect(output.node.textContent).toContain('Retry 1 failed');
    output.dispose();
    expect(server.last.said.pop().type).toBe('unsubscribe');
  });

  it('shows the plain text of a bundle that is none of ours', async () => {
    const output = new RunOutput(host, runs);
    Widget.attach(output, document.body);
    const bundle = { project: '../x', run: RUN, counts: {} };
    await output.renderModel({ data: { [MIME_TYPE]: bundle, 'text/plain': 'as text' } } as any);
    await until(() => output.node.textContent === 'as text');
    expect(server.sockets).toHaveLength(0);
    output.dispose();
  });
});
