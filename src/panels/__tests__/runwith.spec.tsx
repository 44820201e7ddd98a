/** Running and retrying from the panel: what is asked for, and why it can't be. */
import { Actions } from '../../actions';
import type { IOnce } from '../../models/cells';
import { CELL, Notebook, Page, slide, write } from '../../__tests__/page';
import { aGroup, aPlan, aRun, PROJECT, RUN, until } from '../../__tests__/world';
import { Commands } from '../../tokens';

const NEXT = '00000000000000000000000000000001';
const FAILED = Uint8Array.of(2, 3, 3);
const ENDED = { status: 'failed', success: 1, failed: 2, ended: 12 } as const;

const one = { installed: true, version: '1', workers_from: 'this machine', state: 'ready' };
const ENGINES = {
  engines: [
    { ...one, name: 'joblib', kind: 'joblib', workers: 8 },
    { ...one, name: 'dask', kind: 'dask', workers: 2 },
    { ...one, name: 'ipyparallel', kind: 'ipyparallel', installed: false, workers: 0 },
    { ...one, name: 'big', kind: 'dask', state: 'no worker answers <img src=x>', workers: 0 }
  ],
  cores: 8,
  memory: 8e9,
  devices: 0,
  problem: null
};

describe('running from the panel', () => {
  let page: Page;

  beforeEach(() => {
    page = new Page();
  });
  afterEach(() => page.dispose());

  /** The row of the form with this name. */
  function field(name: string): HTMLElement {
    return [...page.sidebar.node.querySelectorAll<HTMLElement>('.jp-datum-field')].find(
      one => one.querySelector('.jp-datum-field-name')!.textContent === name
    )!;
  }
  function press(name: string, word: RegExp): void {
    const labels = [...field(name).querySelectorAll('label')];
    labels
      .find(one => word.test(one.textContent!))!
      .querySelector('input')!
      .click();
  }
  const pressed = (name: string) =>
    [...field(name).querySelectorAll('input:checked')].map(one => one.parentElement!.textContent);
  function enter(name: string, text: string): void {
    const entry = field(name).querySelector<HTMLInputElement>('.jp-datum-entry')!;
    write(entry, text);
    entry.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
  }

  it('runs the cell where nothing is recorded', async () => {
    await page.open();
    (await page.find(/^Run the cell$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means' }]);
    expect(page.panel.way).toBe('cell');
  });

  it('runs what feeds it too, where that may have something to do', async () => {
    const [cell] = page.notebook.cells();
    page.notebook.cells = () => [{ ...cell, id: 'c0', source: '%%datum raw -i "*"\n1' }, cell];
    await page.open();
    page.put({ type: 'runs', project: PROJECT }, [aRun({ ...ENDED, needs: ['raw', 'elsewhere'] })]);
    await until(() => page.panel.rows.some(row => row.run !== null));
    page.panel.select('means');
    (await page.find(/^Run with raw$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means', needs: true }]);
    page.upkeep.told.push({ plan: aPlan({ would_run: 0, reasons: { unchanged: 3 } }) });
    const raw = { project: PROJECT, transform: 'raw' };
    await page.plans.make('raw', undefined, async () => raw);
    await until(() => page.button(/^Run with raw$/) === undefined);
  });

  it('runs what is recorded, with what one chooses', async () => {
    page.has = () => ENGINES;
    await page.withRun(FAILED, ENDED);
    await page.find(/^Run$/);
    expect(page.panel.way).toBe('recorded');
    await page.says('as in the cell');
    await page.says('dask · 2 workers');
    write(field('Engine').querySelector('select')!, 'dask');
    press('Datums', /stale/);
    slide(page, 4);
    press('On error', /stop at 5%/);
    await until(() => field('On error').querySelector('.jp-datum-entry') !== null);
    enter('On error', '12');
    enter('Time limit', '30s');
    enter('Tries', 'many'); // is no number: not taken
    await page.says('dask · 4 workers · some');
    (await page.find(/^Run$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means' }]);
    const how = { engine: 'dask', workers: 4, on_error: 'stop:12', timeout: '30s' };
    expect(await asked({})).toEqual({ transform: 'means', only: ['new', 'failed'], ...how });
    // The plan's buttons mean what they say, and run it with the same.
    expect(await asked({ which: 'due' })).toEqual({ transform: 'means', ...how });
    expect(await asked({ workers: 2 })).toMatchObject({ engine: 'dask', workers: 2 });
    page.button(/All as in the cell again/)!.click();
    await page.says('as in the cell');
    expect(await asked({})).toEqual({ transform: 'means' });
  });

  /** What the server is asked for when somebody runs the transform, with `said` besides. */
  async function asked(said: IOnce): Promise<object> {
    const told: object[] = [];
    const requests: any = {
      start: async (_: string, body: object) => told.push(body) && { run: NEXT }
    };
    const { panel, plans, choices } = page;
    await new Actions(requests, panel, plans, choices, () => null).run('means', said);
    return { ...told[0], key: undefined };
  }

  it('says of each engine whether it can be reached', async () => {
    page.has = () => ENGINES;
    await page.withRun(FAILED, ENDED);
    await page.says('big (not reached)');
    const select = field('Engine').querySelector('select')!;
    const lost = [...select.options].find(one => one.value === 'ipyparallel')!;
    expect([lost.disabled, lost.textContent]).toEqual([true, 'ipyparallel (not installed)']);
    write(select, 'big');
    await page.says('no worker answers <img');
    expect(page.sidebar.node.querySelector('img')).toBeNull();
    write(select, ' address');
    await until(() => field('Address') !== undefined);
    enter('Address', 'not an address');
    expect(page.choices.of('means').engine).toBeUndefined();
    enter('Address', 'tcp://login-1:8786');
    await until(() => page.choices.of('means').engine === 'tcp://login-1:8786');
  });

  it('shows with how many datums each choice is, where a plan says so', async () => {
    await page.withRun(FAILED, ENDED);
    const reasons = { new: 310, 'failed before': 12, 'code changed': 9_678, unchanged: 5 };
    page.upkeep.told.push({ plan: aPlan({ total: 10_005, would_run: 10_000, reasons }) });
    await page.plans.make('means', CELL, async () => ({ project: PROJECT, transform: 'means' }));
    await page.says('new 310failed 12stale 9,678all 10K');
    await page.says('10,000 to run');
    press('Datums', /all/);
    await until(() => page.choices.of('means').which === 'all');
    expect(pressed('Datums')).toHaveLength(4);
    press('Datums', /stale/);
    await until(() => page.choices.of('means').which === 'new,failed');
  });

  it('locks in mid-run what cannot be changed, and changes the rule for failures', async () => {
    const options = { on_error: 'stop:5%', workers: 2 };
    const more = { status: 'running', success: 1, running: 1, total: 3, options } as const;
    await page.withRun(Uint8Array.of(2, 1, 0), more);
    await page.says('workers and on error act live');
    const locked = [...page.sidebar.node.querySelectorAll('[data-locked] [aria-label]')].map(one =>
      one.getAttribute('aria-label')
    );
    expect(locked).toContain('Cannot be changed while it runs');
    expect(field('Datums').querySelectorAll('input:disabled')).toHaveLength(4);
    expect(field('Engine').querySelector('select')).toBeNull();
    expect(pressed('On error')).toEqual(['stop at']);
    press('On error', /continue/);
    expect(page.executed.pop()).toEqual([
      Commands.onError,
      { project: PROJECT, run: RUN, rule: 'continue' }
    ]);
    await until(() => pressed('On error')[0] === 'continue');
  });

  it('runs the edited cell in its kernel, and without one in one that is started', async () => {
    await page.withRun(FAILED, ENDED);
    page.notebook.edit(CELL.replace('mean(', 'median('));
    await page.find(/^Run the edited cell$/);
    expect(page.panel.way).toBe('cell');
    page.notebook.kernel = null;
    page.notebook.edit(`${page.notebook.source} `);
    await until(() => page.panel.way === 'saved');
    await until(() => page.button(/^Run the edited cell$/)!.title.includes('is started for it'));
  });

  it('says why it cannot run now', async () => {
    await page.withRun(FAILED, { ...ENDED, status: 'running', ended: null });
    const run = await page.find(/^Run$/);
    expect(run.getAttribute('aria-disabled')).toBe('true');
    expect(run.title).toBe('Run 7 has not ended yet');
    run.click();
    expect(page.executed).toEqual([]);
    page.notebook.edit(CELL.replace('mean(', 'median('));
    const retry = await page.find(/^Retry 2 with the edited cell$/);
    expect(retry.title).toContain('stop it first');
    retry.click();
    expect(page.executed).toEqual([]);
  });

  it('says that what was recorded by somebody else cannot run from here', async () => {
    page.notebook.source = 'x = 1';
    const why = 'this transform was recorded by someone else: run its cell';
    await page.open();
    page.put({ type: 'runs', project: PROJECT }, [aRun({ ...ENDED, total: 3, retryable: why })]);
    const run = await page.find(/^Run$/);
    expect(run.title).toBe(why);
  });

  it('waits for the runner, and tells the sentence with which it refuses', async () => {
    await page.withRun(FAILED, ENDED);
    page.panel.asked.follow(PROJECT, 'means', NEXT);
    await until(() => page.button(/^Run$/)?.title.includes('was asked for') ?? false);
    const frame = { type: 'error', project: PROJECT, run: NEXT, code: 'refused' };
    page.server.last.frame({ ...frame, message: 'the interpreter is gone' });
    await page.says('the interpreter is gone');
    expect(page.button(/^Run$/)!.getAttribute('aria-disabled')).toBeNull();
    expect(page.server.last.said.pop()).toMatchObject({ type: 'unsubscribe', run: NEXT });
  });

  it('waits for it in that project alone, whatever the names in another one', async () => {
    await page.withRun(FAILED, ENDED);
    page.panel.asked.follow(PROJECT, 'means', NEXT);
    let free = () => {};
    const done = new Promise<boolean>(go => (free = () => go(true)));
    const queued = page.panel.asked.queue('means', { before: null, busy: true }, done);
    expect(page.panel.asked.queued('means', null)).not.toBeNull();
    page.context = { ...page.context, project: 'another' };
    page.panel.setNotebook(new Notebook());
    await until(() => page.panel.project === 'another');
    expect(page.panel.asked.waits('means')).toBe(false);
    expect(page.panel.asked.queued('means', null)).toBeNull();
    page.panel.setNotebook(page.notebook);
    expect(page.panel.asked.waits('means')).toBe(true);
    free();
    await queued;
  });

  it('forgets what was asked for once it has begun', async () => {
    await page.withRun(FAILED, ENDED);
    page.panel.asked.follow(PROJECT, 'means', NEXT);
    expect(page.panel.asked.waits('means')).toBe(true);
    page.put({ type: 'runs', project: PROJECT }, [aRun({ uuid: NEXT, id: 8, total: 1 })]);
    await until(() => !page.panel.asked.waits('means'));
    expect(page.panel.asked.refused('means')).toBeNull();
  });

  it('says of a group how many of it have run again since', async () => {
    page.datums = [{ id: 11, key: 'a.csv', state: 'failed', position: 1 }];
    await page.withRun(FAILED, ENDED, [aGroup({ datums: 3 })]);
    const group = () => page.sidebar.node.querySelector<HTMLElement>('.jp-datum-group-text');
    await until(() => group() !== null);
    group()!.click();
    await page.says('2 have run again since');
  });
});
