/** What the page asks of the server: counted, with many views and with many cells. */
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { Story } from './story';

/** Requests to our half of the server, and sockets to it. */
class Counter {
  readonly requests: string[] = [];
  sockets = 0;

  constructor(page: Page) {
    page.on('request', request => {
      const path = /:\d+\/jupyter-datum\/([^?]*)/.exec(request.url())?.[1];
      if (path !== undefined && request.resourceType() !== 'websocket') {
        this.requests.push(`${request.method()} ${path.replace(/[0-9a-f]{32}/g, '*')}`);
      }
    });
    page.on('websocket', socket => {
      this.sockets += Number(socket.url().includes('/jupyter-datum/stream'));
    });
  }

  /** No more than so many until now; they are counted from zero after that. */
  atMost(count: number): void {
    const asked = this.requests.splice(0);
    expect(asked.length, asked.join(', ')).toBeLessThanOrEqual(count);
  }

  /** Until what was begun has been asked: a second without a request. */
  async rest(page: Page): Promise<void> {
    let before = -1;
    while (before !== this.requests.length) {
      before = this.requests.length;
      await page.waitForTimeout(1000);
    }
  }
}

test('four views of one run: one socket, and no polling', async ({ page, tmpPath }) => {
  const counter = new Counter(page);
  const story = new Story(page, tmpPath);
  story.write(60);
  await story.open(story.cell({ pause: 0.35 }));
  const panel = await story.panel();
  await story.start();
  // Panel, status bar, badge and the output of the cell show it already; now a datum's page, too.
  const open = panel.getByRole('button', { name: 'Open a failed datum of this group' }).first();
  await expect(page.locator('.jp-datum-output')).toBeVisible({ timeout: 30000 });
  await expect(page.locator('.jp-datum-badge-button')).toBeVisible();
  await expect(page.locator('.jp-datum-status-button')).toBeVisible();
  await open.click({ timeout: 30000 });
  await expect(page.locator('.jp-datum-detail')).toContainText('could not convert');
  // What the page of a datum asks for at its opening: the last is what its file looks like.
  await expect.poll(() => counter.requests.some(one => one.endsWith('/preview'))).toBe(true);
  await counter.rest(page);
  counter.requests.splice(0);
  const before = story.executions().size;
  await page.waitForTimeout(2500);
  expect(story.executions().size).toBeGreaterThan(before + 5);
  expect(counter.requests).toEqual([]); // the run goes on, and all of it comes over the socket
  await expect(panel.getByRole('button', { name: 'Retry 6', exact: true })).toBeEnabled({
    timeout: 60000
  });
  await expect(panel.locator('[data-section=run]')).toContainText('done with failures');
  await counter.rest(page);
  // The end of a cell makes the panel look once at what the kernel has loaded by now.
  counter.atMost(6);
  expect(counter.sockets).toBe(1);
});

test('a notebook of 300 cells: no request and little time for each', async ({ page, tmpPath }) => {
  const counter = new Counter(page);
  const story = new Story(page, tmpPath);
  story.write(4);
  const few = Array.from({ length: 99 }, (_, at) => [
    `# ${at}`,
    `x${at} = ${at}`,
    `%%datum t${at} -i "in/*.txt"\ndatum.stem`
  ]);
  story.notebook('%load_ext jupyter_datum', story.cell({ fixed: true }), 'y = 1', ...few.flat());
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  const panel = await story.panel();
  const rows = panel.getByRole('listbox', { name: 'Transforms' }).getByRole('option');
  await expect(rows).toHaveCount(100);
  // A kernel that comes to rest is asked about: its start belongs to the opening.
  const rests = () =>
    (window as any).jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status;
  await expect.poll(() => page.evaluate(rests), { timeout: 30_000 }).toBe('idle');
  await counter.rest(page);
  counter.atMost(10);

  await page.notebook.runCell(0, true);
  await page.notebook.runCell(1, true);
  const told = '.jp-datum-badge:not([data-fresh]) .jp-datum-badge-button';
  const badge = page.locator(told);
  await expect(badge).toHaveCount(1);
  await expect(page.locator('.jp-datum-badge[data-fresh]')).toHaveCount(99, { timeout: 30_000 });
  // 13 where the page hears of the run at its end alone; overview, watches and counts are asked for
  // at its beginning, too, where it hears of that. No kind is asked for by each cell.
  for (const kind of new Set(counter.requests)) {
    expect(counter.requests.filter(one => one === kind).length).toBeLessThanOrEqual(4);
  }
  expect(counter.requests.filter(one => one === 'POST counts').length).toBeLessThanOrEqual(2);
  await counter.rest(page);
  counter.atMost(16);

  // What an edit costs all our views together, in the page's own time.
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver(list =>
      list.getEntries().forEach(entry => tasks.push(entry.duration))
    ).observe({ type: 'longtask' });
  });
  await page.notebook.enterCellEditingMode(1);
  await page.keyboard.press('Control+End');
  await page.keyboard.type('\n# one more line', { delay: 30 });
  await expect(panel.getByRole('button', { name: 'Run the edited cell' })).toBeVisible();
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  expect(Math.max(0, ...tasks)).toBeLessThan(400);
  counter.atMost(1);

  // The badge goes where its cell goes.
  const moved = 'notebook:move-cell-down';
  await page.keyboard.press('Escape');
  for (let step = 0; step < 3; step++) {
    await page.evaluate(id => (window as any).jupyterapp.commands.execute(id), moved);
  }
  await expect(page.locator(`.jp-Cell:has(${told}) .cm-content`)).toContainText('one more line');
  await expect(badge).toHaveCount(1);
});
