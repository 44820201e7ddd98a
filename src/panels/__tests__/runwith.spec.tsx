/** Running and retrying from the panel: what is asked for, and why it can't be. */
import { CELL, Page } from '../../__tests__/page';
import { aGroup, aRun, PROJECT, until } from '../../__tests__/world';
import { Commands } from '../../tokens';

const NEXT = '00000000000000000000000000000001';
const FAILED = Uint8Array.of(2, 3, 3);
const ENDED = { status: 'failed', success: 1, failed: 2, ended: 12 } as const;

describe('running from the panel', () => {
  let page: Page;

  beforeEach(() => {
    page = new Page();
  });
  afterEach(() => page.dispose());

  function choose(label: string, value: string): void {
    const field = [...page.sidebar.node.querySelectorAll('label')]
      .find(one => one.textContent?.startsWith(label))!
      .querySelector<HTMLInputElement | HTMLSelectElement>('select, input')!;
    const prototype = Object.getPrototypeOf(field);
    Object.getOwnPropertyDescriptor(prototype, 'value')!.set!.call(field, value);
    field.dispatchEvent(
      new Event(field.tagName === 'SELECT' ? 'change' : 'input', { bubbles: true })
    );
  }

  it('runs the cell where nothing is recorded', async () => {
    await page.open();
    (await page.find(/^Run the cell$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means' }]);
    expect(page.panel.way).toBe('cell');
  });

  it('runs what is recorded, with what one chooses', async () => {
    await page.withRun(FAILED, ENDED);
    await page.find(/^Run$/);
    expect(page.panel.way).toBe('recorded');
    (await page.find(/^Run with/)).click();
    await page.says('new, changed and failed');
    choose('Datums', 'failed');
    choose('Engine', 'dask');
    choose('Workers', '4');
    (await page.find(/^Run with/)).click();
    await page.says('failed only · dask · 4 workers');
    (await page.find(/^Run$/)).click();
    const args = { name: 'means', which: 'failed', engine: 'dask', workers: 4 };
    expect(page.executed.pop()).toEqual([Commands.run, args]);
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
    page.sidebar.node.querySelector<HTMLButtonElement>('.jp-datum-group-text')!.click();
    await page.says('2 have run again since');
  });
});
