/** The panel as one sees it: models fed by frames, drawn into a page. */
import { Widget } from '@lumino/widgets';

import { CELL, Notebook, Page, slide } from '../../__tests__/page';
import { aGroup, PROJECT, RUN, until } from '../../__tests__/world';
import { Actions } from '../../actions';
import { DatumModel } from '../../models/datum';
import { Commands } from '../../tokens';
import { DatumWidget } from '../datumview';
import { StatusItem } from '../statusitem';

const EVIL = '<img src=x onerror=alert(1)>\u202e\u001b[31mred';

describe('the panel', () => {
  let page: Page;

  beforeEach(() => {
    page = new Page();
  });
  afterEach(() => page.dispose());

  it('brings the row of a transform chosen elsewhere into a long list of them', async () => {
    const many = new Notebook();
    many.cells = () =>
      Array.from({ length: 30 }, (_, i) => ({ id: `c${i}`, source: `%%datum s${i}`, code: true }));
    page.panel.setNotebook(many);
    await page.says('s29');
    const place = { offsetTop: 600, offsetHeight: 24, clientHeight: 200 };
    for (const [name, value] of Object.entries(place)) {
      const of = name === 'clientHeight' ? Element.prototype : HTMLElement.prototype;
      jest.spyOn(of, name as any, 'get').mockReturnValue(value);
    }
    page.panel.select('s25');
    const list = page.sidebar.node.querySelector('.jp-datum-transforms')!;
    await until(() => list.scrollTop === 424);
    jest.restoreAllMocks();
  });

  it('says in each empty state what is the matter, and offers one thing to do', async () => {
    await page.says('No notebook is open');
    expect(page.sidebar.node.querySelectorAll('.jp-datum-empty button')).toHaveLength(1);
    const empty = new Notebook();
    empty.source = 'x = 1';
    page.panel.setNotebook(empty);
    await page.says('No transform in this notebook yet');
    page.button(/Insert this cell/)!.click();
    expect(page.executed.pop()![0]).toBe(Commands.insertSample);
  });

  it.each([
    ['kernel-without-extension', null, 'The kernel has not loaded jupyter_datum.'],
    ['foreign', 'it belongs to somebody else', 'is that of another user'],
    ['damaged', 'the ledger is damaged', 'cannot be shown: the ledger is damaged'],
    ['newer', 'the ledger is newer', 'pip install --upgrade "jupyter-datum[lab]"'],
    ['version-mismatch', 'the kernel has 0.0.1', 'pip install --upgrade "jupyter-datum[lab]"'],
    ['older', 'the ledger has schema version 3', 'once it is upgraded'],
    ['no-files', null, 'does not lie in a folder']
  ])('tells of %s', async (state, message, words) => {
    page.context = { ...page.context, state, message, project: null };
    page.panel.setNotebook(new Notebook());
    await page.says(words);
    expect(page.sidebar.node.querySelectorAll('.jp-datum-note button')).toHaveLength(1);
  });

  it('has it installed where the kernel has said that it is not there', async () => {
    const notebook = new Notebook();
    notebook.bare = true;
    page.context = { ...page.context, state: 'kernel-without-extension', project: null };
    page.panel.setNotebook(notebook);
    (await page.find(/^Install and load it$/)).click();
    const source = '%pip install jupyter-datum\n%load_ext jupyter_datum';
    expect(page.executed.pop()).toEqual([Commands.runCell, { source }]);
  });

  it('leaves the cell of a kernel that has not loaded it to the server', async () => {
    page.context = { ...page.context, state: 'kernel-without-extension' };
    await page.open();
    expect((await page.find(/^Run the cell$/)).title).toContain('a kernel that is started for it');
    expect(page.panel.way).toBe('saved');
  });

  it('runs nothing of another user, and says so at each button', async () => {
    page.context = { ...page.context, state: 'foreign', message: '' };
    await page.withRun(Uint8Array.of(2, 3, 3), { status: 'failed', failed: 2, ended: 12 }, []);
    for (const name of [/^Run/, /^Sample 20$/, /^Plan$/]) {
      const button = await page.find(name);
      expect(button.getAttribute('aria-disabled')).toBe('true');
      expect(button.title).toContain('is that of another user');
    }
  });

  it('tells that the server has no such half', async () => {
    const { RefusedError } = await import('../../requests');
    page.server.answer = () => Promise.reject(new RefusedError(404, '', ''));
    page.panel.setNotebook(new Notebook());
    await page.says('The server has no datum extension');
  });

  it('says nothing of the kernel beside a server half that is none for this page', async () => {
    page.context = { ...page.context, state: 'kernel-without-extension' };
    await page.open();
    await page.says('The kernel has not loaded jupyter_datum.');
    page.server.answer = async () => ({ version: '9', protocol: 9, schema: 1 });
    page.server.last.close();
    await page.says('Server and page speak different versions');
    expect(page.sidebar.node.querySelector('.jp-datum-note')).toBeNull();
  });

  it('tells how an older server is brought up to date', async () => {
    page.server.answer = async () => ({ version: '0', protocol: 0, schema: 1 });
    page.panel.setNotebook(new Notebook());
    await page.says('pip install --upgrade "jupyter-datum[lab]"');
  });

  it('detaches a cell once', async () => {
    await page.withRun(Uint8Array.of(2, 1, 0), { status: 'running', origin: 'kernel' }, []);
    const detach = await page.find(/^Detach$/);
    expect(detach.getAttribute('aria-disabled')).toBeNull();
    const requests: any = { request: async () => ({ request: 'r' }) };
    const { panel, plans, choices } = page;
    await new Actions(requests, panel, plans, choices, () => null).request({}, 'detach');
    await until(() => page.button(/^Detach$/)!.getAttribute('aria-disabled') === 'true');
    expect(page.button(/^Detach$/)!.title).toBe('No cell waits for it any more');
  });

  it('loads the extension by the cell that does so, if there is one', async () => {
    await page.open();
    const ran: string[] = [];
    const notebook: any = {
      cells: () => [
        { id: 'a', source: 'import os\n%load_ext jupyter_datum', code: true },
        { id: 'b', source: CELL, code: true }
      ],
      insert: () => 'new',
      run: async (id: string) => ran.push(id) > 0
    };
    const { panel, plans, choices } = page;
    const actions = new Actions({} as any, panel, plans, choices, () => notebook);
    await actions.runCell(undefined, '%load_ext jupyter_datum');
    await actions.runCell(undefined, '%load_ext other');
    expect(ran).toEqual(['a', 'new']);
  });

  it('shows a run: figure, bar, counts, groups, and retries what failed', async () => {
    const states = Uint8Array.of(2, 2, 2, 3, 3, 3, 0, 0);
    const more = { status: 'failed', success: 3, failed: 3, ended: 12 } as const;
    await page.withRun(states, more);
    await until(() => page.button(/Retry 3$/) !== undefined);
    const bar = page.sidebar.node.querySelector('[data-section=run] [role=progressbar]')!;
    expect(bar.getAttribute('aria-valuetext')).toBe('6 of 8, 3 failed');
    await page.find(/Retry these 3 with the recorded code/); // the groups come behind all else
    expect(page.sidebar.node.querySelector('.jp-datum-group-count')!.textContent).toBe('3');
    page.button(/Retry 3$/)!.click();
    expect(page.executed.pop()).toEqual([Commands.retryFailed, { project: PROJECT, run: RUN }]);
    page.button(/Retry these 3 with the recorded code/)!.click();
    expect(page.executed.pop()![1]).toEqual({ project: PROJECT, run: RUN, group: 1 });
  });

  it('shows what a run is on, and asks for more workers when the slider rests', async () => {
    const more = { status: 'running', success: 1, running: 1, total: 4, engine: 'dask' } as const;
    const options = { gpus: '0.5', batch: 64 };
    const feed = { consumers: 1, behind: 12, bound: 'consumer' } as const;
    await page.withRun(Uint8Array.of(2, 1, 0, 0), { ...more, options, feed });
    await page.says('dask · gpus 0.5 · batches of 64');
    await page.says('consumer-bound12 finished datums not taken yet');
    const since = Date.now() / 1000 - 65;
    const cluster = { id: 1, engine: 'dask', run: RUN, state: 'starting', since, up: 1, wanted: 4 };
    page.put({ type: 'clusters', project: PROJECT }, [{ ...cluster, message: EVIL }]);
    await page.says('workers start: 1 of 4 · 1:0');
    expect(page.sidebar.node.querySelector('img')).toBeNull();
    slide(page, 3);
    const slider = page.sidebar.node.querySelector('.jp-datum-slider')!;
    await until(() => slider.getAttribute('aria-valuetext') === '3 of 8');
    slide(page, 4);
    await until(() => page.executed.length > 0);
    expect(page.executed).toEqual([[Commands.scale, { project: PROJECT, run: RUN, workers: 4 }]]);
  });

  it('says what waits for failed datums of another transform', async () => {
    const missing = [`12 wait for 12 failed datums of thumbs ${EVIL}`];
    await page.withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12, missing });
    await page.says('12 wait for 12 failed datums of thumbs <img');
    expect(page.sidebar.node.querySelector('img')).toBeNull();
  });

  it('lists what is slow at work, and opens it', async () => {
    const more = { status: 'running', executions: 10, seconds: 1, running: 2, success: 10 };
    await page.withRun(new Uint8Array(12), more);
    const at = (worker: string, position: number, ago: number) => {
      const since = Date.now() / 1000 - ago;
      return { worker, position, key: `${position}.csv`, since, up: 1, done: 3, state: 'busy' };
    };
    const workers = [at('w1', 3, 1), at('w2', 8, 7), at('w3', 5, 70)];
    page.put({ type: 'workers', project: PROJECT, run: RUN }, workers);
    await page.says('Slowest at work5.csvw31:108.csvw20:07');
    page.button(/^5\.csv/)!.click();
    expect(page.executed.pop()).toEqual([
      Commands.openDatum,
      { project: PROJECT, run: RUN, position: 5 }
    ]);
  });

  it('counts what has never run while it is seen, and reads no folder for what is not trusted', async () => {
    page.count = { count: 1234, whole: true, why: null, mistake: null };
    page.sidebar.hide();
    page.notebook.trusted = false;
    await page.open();
    await until(() => page.panel.rows.length === 1);
    page.sidebar.show();
    await page.says('means has not run yet');
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(page.counted).toEqual([]);
    page.notebook.trusted = true;
    page.sidebar.hide();
    page.notebook.changed.emit('edited');
    await new Promise(resolve => setTimeout(resolve, 700));
    expect(page.counted).toEqual([]);
    page.sidebar.show();
    await page.says('1,234 datums not run');
    expect(page.counted).toEqual([{ notebook: page.notebook.path, source: CELL.split('\n')[0] }]);
  });

  it('says what is wrong with the first line of a cell that has never run', async () => {
    page.count = { count: null, whole: false, why: 'line', mistake: 'did you mean --workers?' };
    page.sidebar.show();
    await page.open();
    await page.says('did you mean --workers?');
    expect(page.text).toContain('look at its first line');
    expect(page.text).not.toContain('first line not run');
  });

  it('says so when the open cell is another than the recorded one', async () => {
    await page.withRun(Uint8Array.of(3), { status: 'failed', failed: 1, ended: 12 });
    await until(() => page.panel.edited === false);
    const notebook = page.panel.notebook as Notebook;
    notebook.source = CELL.replace('mean(', 'median(');
    notebook.changed.emit('edited');
    await until(() => page.button(/Retry 1 with the edited cell/) !== undefined);
    page.button(/More ways/)!.click();
    await until(() => page.button(/with the recorded code$/) !== undefined);
  });

  it('hears that the kernel has loaded us though its cell changes at the same moment', async () => {
    page.context = { ...page.context, state: 'no-project', project: null };
    const notebook = new Notebook();
    page.panel.setNotebook(notebook);
    await until(() => page.panel.context?.state === 'no-project');
    page.context = { ...page.context, state: 'ok', project: PROJECT };
    notebook.changed.emit('kernel');
    notebook.changed.emit('edited'); // the output of the very cell
    await until(() => page.panel.project === PROJECT);
  });

  it('learns of a new project from the first run that a cell shows', async () => {
    page.context = { ...page.context, state: 'no-project', project: null };
    page.panel.setNotebook(new Notebook());
    await until(() => page.panel.context?.state === 'no-project');
    page.context = { ...page.context, state: 'ok', project: PROJECT };
    const held = page.runs.hold(PROJECT, RUN);
    await until(() => page.panel.project === PROJECT);
    held.dispose();
  });

  it('looks again which project this is when the shown one is gone', async () => {
    await page.withRun(Uint8Array.of(2, 2), {});
    const next = 'e'.repeat(32);
    page.context = { ...page.context, project: next };
    const code = 'not-found';
    page.server.last.frame({ type: 'error', project: PROJECT, code, message: 'deleted' });
    await until(() => page.panel.project === next);
    expect(page.server.last.said).toContainEqual({ type: 'watch', project: next });
  });

  it('keeps a failure among a million in the bar and in words', async () => {
    const states = new Uint8Array(1_000_000).fill(2);
    states[417_000] = 3;
    const more = { status: 'running', success: 999_999, failed: 1 };
    await page.withRun(states, more, [aGroup({ datums: 1 })]);
    await until(() => page.button(/Retry 1$/) !== undefined);
    await page.find(/Retry this one with the recorded code/);
    const bar = page.sidebar.node.querySelector('[data-section=run] [role=progressbar]')!;
    expect(bar.querySelector('[data-state=failed]')).not.toBeNull();
    // A million datums are one canvas, not a million nodes.
    expect(page.sidebar.node.querySelectorAll('*').length).toBeLessThan(400);
  });

  it('greys what it shows while the server is away', async () => {
    const status = new StatusItem(page.host, page.panel);
    Widget.attach(status, document.body);
    await page.withRun(Uint8Array.of(2), { status: 'running', success: 1 });
    // What is left, as the panel has it too.
    jest.spyOn(page.panel.run!, 'eta', 'get').mockReturnValue([0.86, 0.5, 2]);
    page.panel.run!.changed.emit();
    await until(() => /^Datums: .* · left 0:01$/.test(status.node.textContent ?? ''));
    page.server.last.close();
    await page.says('No connection to the server; last heard');
    expect(page.sidebar.node.querySelector('[data-lost=true]')).not.toBeNull();
    await until(() => status.node.querySelector('[data-lost=true]') !== null);
    expect(status.node.textContent).toMatch(/^Datums: .*no connection$/);
    status.dispose();
  });

  it('shows hostile text as text', async () => {
    const group = aGroup({ message: EVIL, type: '<b>E</b>', place: EVIL });
    await page.withRun(Uint8Array.of(3), { status: 'failed', failed: 1, ended: 12 }, [group]);
    await page.says('<b>E</b>');
    expect(page.sidebar.node.querySelector('img, b > b, script')).toBeNull();
    expect(page.text).toContain('<img src=x onerror=alert(1)>\\u202ered');
    expect(page.text).not.toContain('\u202e');
  });

  it('folds its sections by real buttons, and tells it', async () => {
    await page.withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12 });
    const folded: string[][] = [];
    page.sidebar.onFolded = names => folded.push(names);
    const fold = page.sidebar.node.querySelector<HTMLButtonElement>(
      '[data-section=map] .jp-datum-fold'
    )!;
    expect(fold.getAttribute('aria-expanded')).toBe('true');
    fold.click();
    await until(() => fold.getAttribute('aria-expanded') === 'false');
    expect(folded).toEqual([['map']]);
    expect(page.sidebar.node.querySelector('canvas')).toBeNull();
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
        history: async () => Promise.reject(new Error('an older server')),
        lineage: async () => null,
        position: async () => datum,
        log: async () => ({ text: EVIL, size: 99, cut: true })
      },
      PROJECT,
      RUN
    );
    const widget = new DatumWidget(page.host, model);
    Widget.attach(widget, document.body);
    await model.openAt(3);
    await until(() => (widget.node.textContent ?? '').includes('What it printed'));
    expect(widget.node.textContent).toContain('again');
    expect(widget.node.querySelector('img')).toBeNull();
    expect(widget.node.querySelector('[data-part=log]')!.textContent).toContain('\\u202e');
    const files = '[data-section=input] button, [data-section=output] button';
    const links = [...widget.node.querySelectorAll<HTMLButtonElement>(files)];
    expect(links).toHaveLength(1); // what has no contents path cannot be opened
    links[0].click();
    expect(page.executed.pop()).toEqual([Commands.openFile, { path: 'work/a.csv' }]);
    widget.dispose();
  });
});
