/** Retry: with the edited cell of the very run, in its own notebook, whatever is retried. */
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { RunOutput } from '../cells/output';
import { RunDocument } from '../document/widget';
import { DocumentModel } from '../models/document';
import { PanelModel } from '../models/panel';
import { RunsModel } from '../models/runs';
import type { What } from '../requests';
import { Commands, MIME_TYPE } from '../tokens';
import { CELL, Notebook, Page } from './page';
import { FakeServer, PROJECT, RUN, aRun, until } from './world';

describe('what is run again', () => {
  const OTHER = 'other.ipynb';
  const OWN = 'work/readings.ipynb';
  const NEXT = { run: 'f'.repeat(32) };
  const MENDED = CELL.replace('mean(', 'median(');

  /** A retry of the run of `OWN`; `open` are the notebooks by their paths, the first in front. */
  async function retried(
    open: Record<string, string>,
    what: What,
    more: { kernel?: string | null; had?: string | null; loaded?: object | null } = {}
  ): Promise<{ answer: unknown; did: unknown[] }> {
    const { kernel = 'k', had = OWN, loaded = {} } = more;
    const did: unknown[] = [];
    const say = (word: string, ...rest: unknown[]) => did.push([word, ...rest]);
    const requests: any = {
      context: async () => ({
        state: 'ok',
        message: null,
        project: PROJECT,
        root: '',
        kernel: loaded
      }),
      transforms: async () => [],
      run: async () => ({ ...aRun(), source: CELL, untracked: null, notebook: had }),
      retry: async (_: string, run: string, asked: What, __: string, recipe?: string) =>
        say('retry', run, asked, recipe) && NEXT,
      startCell: async (asked: any) => say('start', asked.notebook, asked.only) && NEXT,
      recordCell: async (path: string) => say('record', path) && { project: PROJECT, upkeep: 'u' },
      upkeepOf: async () => ({ state: 'done', recipe: 'saved' })
    };
    const panel = new PanelModel(new RunsModel(new FakeServer()), requests);
    const notebooks = Object.entries(open).map(([path, source]) => {
      const one: any = Object.assign(new Notebook(), { path, source, kernel });
      one.runWith = async (_: string, code: string) => say('cell', path, code) > 0;
      one.record = async () => say('recorded', path) && { recipe: 'live' };
      one.save = async () => undefined;
      panel.of(one);
      return one;
    });
    panel.setNotebook(notebooks[0] ?? null);
    await until(() => notebooks.every(one => panel.of(one).project === PROJECT));
    const find = (path?: string) => notebooks.find(one => one.path === path) ?? null;
    const actions = new Actions(requests, panel, {} as any, {} as any, find);
    const answer = await actions.retries.retry({ project: PROJECT, run: RUN }, what);
    panel.dispose();
    return { answer, did };
  }

  it('all that failed: the edited cell in its own kernel, whichever notebook is in front', async () => {
    const { answer, did } = await retried({ [OTHER]: '1', [OWN]: MENDED }, 'failed');
    expect(answer).toEqual({ edited: true, ok: true });
    expect(did).toEqual([
      ['cell', OWN, '%%datum means -i "*.csv" --only failed\nmedian(datum.path)']
    ]);
  });

  it('some datums: with what the kernel records of the edited cell', async () => {
    for (const what of [{ group: 3 }, { datums: [4] }, { filter: 'worker:1' }]) {
      const { answer, did } = await retried({ [OWN]: MENDED }, what);
      expect([answer, did]).toEqual([
        NEXT,
        [
          ['recorded', OWN],
          ['retry', RUN, what, 'live']
        ]
      ]);
    }
  });

  it('without a kernel that has loaded us the server starts one', async () => {
    for (const no of [{ kernel: null }, { loaded: null }]) {
      const all = await retried({ [OWN]: MENDED }, 'failed', no);
      expect([all.answer, all.did]).toEqual([NEXT, [['start', OWN, ['failed']]]]);
    }
    const some = await retried({ [OWN]: MENDED }, { group: 3 }, { kernel: null });
    expect(some.did).toEqual([
      ['record', OWN],
      ['retry', RUN, { group: 3 }, 'saved']
    ]);
  });

  it('what was recorded, where the cell is as it ran or its notebook is not open', async () => {
    const recorded = [['retry', RUN, { group: 3 }, undefined]];
    expect((await retried({ [OWN]: CELL }, { group: 3 })).did).toEqual(recorded);
    expect((await retried({}, { group: 3 })).did).toEqual(recorded);
    const copied = await retried({ [OTHER]: MENDED }, { group: 3 });
    expect(copied.did).toEqual(recorded);
  });

  it('a notebook that was renamed since is found by its cell', async () => {
    const { did } = await retried({ [OTHER]: MENDED }, { group: 3 }, { had: null });
    expect(did).toEqual([
      ['recorded', OTHER],
      ['retry', RUN, { group: 3 }, 'live']
    ]);
  });
});

it('every button says which code it takes, and follows the cell', async () => {
  const page = new Page();
  await page.withRun(Uint8Array.of(2, 3, 3), {
    status: 'failed',
    success: 1,
    failed: 2,
    ended: 12
  });
  const output = new RunOutput(page.host, page.runs);
  Widget.attach(output, document.body);
  const bundle = { project: PROJECT, run: RUN, name: 'means', status: 'failed', counts: {} };
  await output.renderModel({ data: { [MIME_TYPE]: bundle } } as any);
  const no = async () => Promise.reject(new Error('an older server'));
  const run = async () => ({ ...aRun(), source: CELL, untracked: null });
  const requests: any = { run, overview: no, runs: no };
  const model = new DocumentModel(page.runs, requests, { project: PROJECT, run: RUN });
  const opened = new RunDocument(page.host, model, null);
  Widget.attach(opened, document.body);
  const views = [page.sidebar, output, opened];
  const said = () =>
    views.map(({ node }) =>
      [...node.querySelectorAll('[data-command="datum:retry-failed"]')].map(one =>
        one.getAttribute('aria-label')
      )
    );
  const all = (words: string) => JSON.stringify(views.map(() => [words]));
  await until(() => JSON.stringify(said()) === all('Retry 2'));
  page.notebook.edit(CELL.replace('mean(', 'median('));
  await until(() => JSON.stringify(said()) === all('Retry 2 with the edited cell'));
  // What has become of it since is one click away.
  page.put({ type: 'runs', project: PROJECT }, [aRun({ id: 99, uuid: 'f'.repeat(32) })]);
  for (const { node } of [opened, output]) {
    const newer = () => node.querySelector<HTMLElement>('.jp-datum-newest');
    await until(() => newer() !== null);
    expect(newer()?.textContent).toMatch(/^run 99: /);
    newer()?.click();
    expect(page.executed.pop()).toEqual([
      Commands.openRun,
      { project: PROJECT, run: 'f'.repeat(32) }
    ]);
  }
  // A cell's output stays what it was: what is left to retry, the newest run says.
  expect(said()[1]).toEqual([]);
  views.forEach(view => view.dispose());
  page.dispose();
});

describe('a cell that its kernel has not come to', () => {
  it('is not given to it twice, and says that it waits', async () => {
    const page = new Page();
    const free: (() => void)[] = [];
    const notebook: any = Object.assign(page.notebook, { source: `${CELL} + 1`, busy: true });
    notebook.run = () => new Promise<boolean>(done => free.push(() => done(true)));
    await page.open();
    const actions = new Actions({} as any, page.panel, page.plans, page.choices, () => notebook);
    const first = actions.run('means', {});
    await until(() => free.length === 1);
    await expect(actions.run('means', {})).rejects.toThrow('means waits for its kernel already');
    const button = () => page.sidebar.node.querySelector('[data-command="datum:run"]');
    const said = () => page.sidebar.node.querySelector('.jp-datum-next [role="status"]');
    await until(() => said() !== null);
    expect(said()?.textContent).toBe(
      'Waits for the kernel, which is at work; runs when that is free'
    );
    expect(button()?.getAttribute('aria-disabled')).toBe('true');
    // Its run begins: that is shown, and nothing waits any more.
    expect(page.panel.asked.queued('means', 'another')).toBeNull();
    free[0]();
    expect(await first).toEqual({ cell: 'means', ok: true });
    await until(() => said() === null);
    expect([free.length, button()?.getAttribute('aria-disabled')]).toEqual([1, null]);
    page.dispose();
  });
});
