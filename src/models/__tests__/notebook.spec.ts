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
    expect([page.panel.selected, page.panel.project]).not.toContain(null);
    page.panel.close(behind);
    expect([page.panel.notebook, page.panel.rows, model.isDisposed]).toEqual([null, [], true]);
  });
});
