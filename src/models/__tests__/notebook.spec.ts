/** Notebooks that are open and not in front: their transforms and runs are known all the same. */
import { CELL, Notebook, Page } from '../../__tests__/page';
import { aRun, FakeServer, PROJECT, until } from '../../__tests__/world';
import { RefusedError } from '../../requests';
import { PanelModel } from '../panel';
import { RunsModel } from '../runs';

it('finds out that the server has no such half, with nothing else to ask it for', async () => {
  const server = new FakeServer();
  const missing = () => Promise.reject(new RefusedError(404, 'unknown', 'Not Found'));
  server.answer = missing;
  const panel = new PanelModel(new RunsModel(server), {
    context: missing,
    transforms: missing,
    run: missing
  });
  const notebook = new Notebook();
  panel.setNotebook(notebook);
  await until(() => panel.runs.connection === 'missing');
  // Nobody knows whether its cells have run.
  expect([panel.unreadable, panel.rows.length]).toEqual([true, 1]);
  panel.dispose();
});

describe('a notebook on a drive that the server does not have', () => {
  it('is followed through its kernel, which runs its cells, and stays known without it', async () => {
    const page = new Page();
    const far = new Notebook();
    [far.far, far.path, far.kernel] = [true, 'far:work/readings.ipynb', null];
    const ok = { ...page.context };
    page.panel.setNotebook(far);
    const { panel } = page;
    await until(() => panel.context?.state === 'no-files');
    expect([panel.rows.length, panel.way]).toEqual([1, null]); // nobody could read its cell
    // A kernel that has loaded us and has run nothing.
    const kernel = { python: '3', version: '1', protocol: 1 };
    page.context = { ...ok, state: 'no-files', project: null, kernel };
    far.kernel = 'k';
    far.changed.emit('kernel');
    await until(() => panel.way === 'cell');
    expect(panel.context?.state).toBe('no-files');
    page.context = { ...ok, kernel };
    far.changed.emit('kernel');
    await until(() => panel.project === PROJECT);
    far.kernel = null;
    far.changed.emit('kernel');
    await until(() => panel.context?.kernel === null);
    expect([panel.project, panel.context?.state, panel.wayOfCell]).toEqual([PROJECT, 'ok', null]);
    panel.dispose();
  });

  it('has no context where the kernel is not ours', async () => {
    const far = new Notebook();
    [far.far, far.kernel] = [true, 'k'];
    const server = new FakeServer();
    const none = () => Promise.reject(new RefusedError(404, 'not-found', ''));
    const runs = new RunsModel(server);
    const panel = new PanelModel(runs, { context: none, transforms: none, run: none });
    panel.setNotebook(far);
    await until(() => panel.context?.state === 'no-files');
    expect([panel.error, panel.way]).toEqual([null, null]);
    panel.dispose();
  });
});

it('says that runs cannot be read, and not that there are none', async () => {
  const server = new FakeServer();
  const told = { state: 'ok', message: null, project: PROJECT, root: '', kernel: null } as const;
  let code = 'ledger';
  let state: 'ok' | 'older' = 'ok';
  const panel = new PanelModel(new RunsModel(server), {
    context: async () => ({ ...told, state }),
    transforms: () => Promise.reject(new RefusedError(503, code, 'no such table: expected')),
    run: () => Promise.reject(new Error('nobody asks'))
  });
  panel.setNotebook(new Notebook());
  await until(() => panel.context !== null);
  expect([panel.context?.state, panel.context?.message, panel.unreadable]).toEqual([
    ...['damaged', 'no such table: expected', true]
  ]);
  state = 'older'; // for which there is something to do
  await panel.refresh();
  expect(panel.context?.state).toBe('older');
  [state, code] = ['ok', 'not-found']; // the notebook was never saved
  await panel.refresh();
  expect([panel.context?.state, panel.unreadable, panel.rows.length]).toEqual(['ok', false, 1]);
  panel.dispose();
});

describe('an open notebook that is not in front', () => {
  let page: Page;
  let behind: Notebook;

  beforeEach(async () => {
    page = new Page();
    behind = new Notebook();
    behind.path = 'work/other.ipynb';
    behind.source = CELL.replace('means', 'others');
    page.panel.of(behind);
    await page.withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12 });
  });
  afterEach(() => page.panel.dispose());

  it('has its own rows, and hears of its runs while the panel shows those of another', async () => {
    const model = page.panel.of(behind);
    await until(() => model.rows.some(row => row.name === 'others'));
    const row = () => model.rows.find(one => one.name === 'others')!;
    expect([row().cell, row().run]).toEqual(['c1', null]);
    const run = aRun({ uuid: 'd'.repeat(32), id: 8, name: 'others', total: 4, failed: 1 });
    page.put({ type: 'runs', project: PROJECT }, [run]);
    await until(() => row().run?.id === 8);
    expect([page.panel.notebook?.path, page.panel.row?.name]).toEqual([
      'work/readings.ipynb',
      'means'
    ]);
    // Only the panel's run is followed datum by datum.
    const followed = page.server.last.said.filter(said => said.type === 'subscribe');
    expect(followed.map(said => said.run)).not.toContain(run.uuid);
  });

  it('is at once what the panel shows when it comes to the front, and is asked for once', async () => {
    const model = page.panel.of(behind);
    await until(() => model.rows.length > 0);
    page.panel.setNotebook(behind);
    expect(page.panel.of(behind)).toBe(model);
    // What has never run here is shown, not what has run in a notebook beside it.
    expect(page.panel.rows.map(row => row.name).sort()).toEqual(['means', 'others']);
    expect([page.panel.selected, page.panel.project]).toEqual(['others', PROJECT]);
    page.panel.close(behind);
    expect([page.panel.notebook, page.panel.rows, model.isDisposed]).toEqual([null, [], true]);
  });
});

describe('a run that goes on', () => {
  let page: Page;
  const told: string[] = [];
  let all: object;
  const going = (figures: object) => {
    const run = aRun((all = { ...all, ...figures }));
    page.put({ type: 'runs', project: PROJECT }, [run]);
    const is = JSON.stringify(figures);
    const own = () => Object.keys(figures).map(key => [key, page.panel.row?.run?.[key as 'total']]);
    return until(() => JSON.stringify(Object.fromEntries(own())) === is);
  };

  beforeEach(async () => {
    page = new Page();
    all = { status: 'running', ended: null, total: 9, failed: 0 };
    await page.withRun(Uint8Array.of(2), { status: 'running', ended: null, success: 1 });
    await going({ success: 1, saved: 2, seconds: 1, reasons: { new: 4 } });
    page.panel.changed.connect(() => told.push('changed'));
    page.panel.figures.connect(() => told.push('figures'));
    told.length = 0;
  });
  afterEach(() => page.panel.dispose());

  it('is shown where it was so short that its end is the first that is heard of it', async () => {
    page.notebook.cells = () =>
      ['means', 'sums'].map(name => ({ id: name, source: `%%datum ${name} -i "*"`, code: true }));
    await page.open();
    await until(() => page.panel.rows.length === 2);
    const over = { name: 'sums', status: 'success' as const, ended: 5, requested: 1 };
    page.put({ type: 'runs', project: PROJECT }, [aRun(over)]); // long before this page
    await until(() => page.panel.rows.some(row => row.run !== null));
    expect(page.panel.selected).toBe('means');
    const now = Date.now() / 1000 + 1;
    const short = aRun({ ...over, uuid: '9'.repeat(32), id: 99, requested: now, ended: now });
    page.put({ type: 'runs', project: PROJECT }, [short, aRun(over)]);
    await until(() => page.panel.selected === 'sums');
  });

  it('tells how far it is to who shows that, and of a first failure and its end to all', async () => {
    await going({ success: 4, seconds: 3.5, reasons: { new: 9 } });
    expect(told).toEqual(['figures']);
    await going({ success: 5 });
    expect(told).toEqual(['figures', 'figures']);
    await going({ failed: 1 });
    expect(told.at(-1)).toBe('changed');
    await going({ failed: 2 });
    expect(told.at(-1)).toBe('figures');
    await going({ status: 'failed', ended: 12 });
    expect(told.at(-1)).toBe('changed');
    // Somebody expects one of its failures.
    await going({ expected: 1 });
    await going({ expected: 2 });
    expect(told.slice(-2)).toEqual(['changed', 'changed']);
  });

  it('is drawn by the frames that follow it, and not by what a list says of the same besides', async () => {
    const run = page.panel.run!;
    let drawn = 0;
    run.changed.connect(() => drawn++);
    await going({ saved: 7, seconds: 2 });
    expect([drawn, run.info?.saved]).toEqual([0, 7]);
    await going({ message: 'no worker can start' });
    expect(drawn).toBe(1);
  });
});
