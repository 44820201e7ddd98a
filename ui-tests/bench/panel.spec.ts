/**
 * What the panel costs, in the real browser on a real run: `jlpm bench`. Prints one line of JSON;
 * nothing of it is asserted but that it ran.
 */
import { expect, test } from '@playwright/test';
import type { CDPSession, Page } from '@playwright/test';
import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { Server } from '../tests/server';

const MILLION = Number(process.env.DATUM_BENCH_N ?? 1_000_000);

function notebook(folder: string, name: string, ...cells: string[]): string {
  const file = path.join(folder, name);
  const cell = (source: string, at: number) => ({
    cell_type: 'code',
    id: `cell-${at}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source
  });
  const metadata = {
    kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' }
  };
  const all = { cells: cells.map(cell), metadata, nbformat: 4, nbformat_minor: 5 };
  fs.writeFileSync(file, JSON.stringify(all));
  return file;
}

async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(one => one.name === 'JSHeapUsedSize')!.value / 2 ** 20;
}

async function open(page: Page, server: Server, name: string): Promise<void> {
  await page.goto(server.url(`lab/tree/${name}`));
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
  await page.waitForTimeout(2000);
}

async function panel(page: Page): Promise<void> {
  if (!(await page.locator('#jupyter-datum-panel').isVisible())) {
    await page.locator('[data-id="jupyter-datum-panel"]').first().click();
  }
}

const quantile = (values: number[], q: number) =>
  values.length ? [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] : NaN;

test('the panel at a million datums', async ({ page }) => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const found: Record<string, unknown> = { datums: MILLION };
  try {
    const many = notebook(
      server.root,
      'many.ipynb',
      `%load_ext jupyter_datum\nnumbers = range(${MILLION})`,
      '%%datum many -i numbers --force\nif datum.value % 5000 == 77: raise ValueError(datum.value)'
    );
    const args = ['datum', 'run', many];
    try {
      execFileSync('jupyter', args, { stdio: 'ignore' });
    } catch {
      // Some fail, as they are meant to.
    }
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable');
    await page.addInitScript(() => {
      const frames: number[] = [];
      Object.assign(window, { frames });
      new PerformanceObserver(list =>
        list.getEntries().forEach(entry => frames.push(entry.duration))
      ).observe({ type: 'longtask', buffered: true });
    });
    await open(page, server, 'many.ipynb');
    if (await page.locator('#jupyter-datum-panel').isVisible()) {
      await page.locator('[data-id="jupyter-datum-panel"]').first().click();
    }
    found['heap before, MiB'] = await heap(cdp);
    const began = Date.now();
    await panel(page);
    const bar = page
      .locator('#jupyter-datum-panel [role=progressbar]:not([data-thin=true])')
      .first();
    await expect(bar).toHaveAttribute('aria-valuenow', `${MILLION}`, { timeout: 60000 });
    found['cold open to the run shown, ms'] = Date.now() - began;
    await page.waitForTimeout(2000);
    found['heap with the run, MiB'] = await heap(cdp);
    // The same once more, seen while it goes on.
    await page.evaluate(() => ((window as unknown as { frames: number[] }).frames.length = 0));
    const run = spawn('jupyter', args, { stdio: 'ignore' });
    await new Promise(done => run.on('exit', done));
    const tasks = await page.evaluate(() => (window as unknown as { frames: number[] }).frames);
    found['long tasks (> 50 ms) during the run'] = tasks.length;
    found['longest task, ms'] = Math.max(0, ...tasks);
    found['heap after the run, MiB'] = await heap(cdp);
  } finally {
    server.close();
  }
  console.log(JSON.stringify(found));
});

test('the map of the run document at a million datums', async ({ page }) => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const found: Record<string, unknown> = { datums: MILLION };
  try {
    const many = notebook(
      server.root,
      'map.ipynb',
      `%load_ext jupyter_datum\nnumbers = range(${MILLION})`,
      '%%datum map -i numbers --force\nif datum.value % 5000 == 77: raise ValueError(datum.value)'
    );
    const run = () => {
      const child = spawn('jupyter', ['datum', 'run', many], { stdio: 'ignore' });
      return new Promise(done => child.on('exit', done));
    };
    await run();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable');
    // What each frame's callbacks cost: the map is painted in one of them.
    await page.addInitScript(() => {
      const frames: number[] = [];
      Object.assign(window, { frames });
      const plain = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = callback =>
        plain(time => {
          const began = performance.now();
          callback(time);
          frames.push(performance.now() - began);
        });
    });
    const frames = async (what: string, during: () => Promise<unknown>) => {
      await page.evaluate(() => ((window as unknown as { frames: number[] }).frames.length = 0));
      await during();
      const all = await page.evaluate(() => (window as unknown as { frames: number[] }).frames);
      const round = (n: number) => Math.round(n * 10) / 10;
      found[what] = {
        n: all.length,
        median: round(quantile(all, 0.5)),
        p95: round(quantile(all, 0.95)),
        max: round(Math.max(0, ...all))
      };
    };
    await open(page, server, 'map.ipynb');
    await panel(page);
    const legend = page.locator('.jp-datum-map-tab .jp-datum-map-foot');
    await page.waitForTimeout(3000);
    found['heap before, MiB'] = await heap(cdp);
    const began = Date.now();
    const show = () =>
      page.evaluate(() =>
        (window as any).jupyterapp.commands.execute('datum:open-run', { tab: 'map' })
      );
    await show();
    await legend.waitFor({ timeout: 30000 });
    found['open to the map shown, ms'] = Date.now() - began;
    await page.waitForTimeout(1000);
    found['heap with the map, MiB'] = await heap(cdp);
    const tab = page.locator('.jp-datum-map-tab');
    const field = tab.getByRole('application');
    const box = (await field.boundingBox())!;
    await frames('pointer over the map with lens and card, ms a frame', async () => {
      for (let x = 0; x < 60; x++) {
        await page.mouse.move(box.x + 10 * x, box.y + 5 * x);
      }
    });
    await frames('wheel to single datums and back, ms a frame', async () => {
      for (const by of [-100, 100]) {
        for (let turn = 0; turn < 12; turn++) {
          await page.mouse.wheel(0, by);
          await page.waitForTimeout(30);
        }
      }
    });
    const asked = Date.now();
    await tab.getByRole('button', { name: 'duration' }).click();
    await expect(tab.locator('.jp-datum-map-note')).toContainText('ms …', { timeout: 60000 });
    found['order by duration, ms'] = Date.now() - asked;
    found['heap ordered by duration, MiB'] = await heap(cdp);
    await tab.getByRole('button', { name: 'input' }).click();
    // Another run, from its first datum on.
    const again = run();
    const latest = page.locator('#jupyter-datum-panel [data-section=run] h2');
    await expect(latest).toContainText('Run 2', { timeout: 60000 });
    await show();
    await frames('while a run of all goes on, ms a frame', () => again);
    found['heap after the run, MiB'] = await heap(cdp);
  } finally {
    server.close();
  }
  console.log(JSON.stringify(found));
});

test('a finished datum to its pixel', async ({ page }) => {
  test.setTimeout(300_000);
  const server = await Server.start();
  try {
    const ends = path.join(server.root, 'ends');
    const few = notebook(
      server.root,
      'few.ipynb',
      '%load_ext jupyter_datum\nnumbers = range(40)',
      [
        '%%datum few -i numbers --workers 1 --no-probe',
        'import time',
        'time.sleep(0.4)',
        `_ = open(${JSON.stringify(ends)}, "a").write(f"{time.time()}\\n")`
      ].join('\n')
    );
    await open(page, server, 'few.ipynb');
    const run = spawn('jupyter', ['datum', 'run', few], { stdio: 'ignore' });
    await page.waitForTimeout(3000);
    await page.reload();
    await open(page, server, 'few.ipynb');
    await panel(page);
    const bar = page
      .locator('#jupyter-datum-panel [role=progressbar]:not([data-thin=true])')
      .first();
    await expect(bar).toBeVisible({ timeout: 30000 });
    await bar.evaluate(node => {
      const seen: [number, number][] = [];
      Object.assign(window, { seen });
      new MutationObserver(() =>
        requestAnimationFrame(() =>
          seen.push([Number(node.getAttribute('aria-valuenow')), Date.now()])
        )
      ).observe(node, { attributes: true, attributeFilter: ['aria-valuenow'] });
    });
    await new Promise(done => run.on('exit', done));
    await page.waitForTimeout(1000);
    const seen = await page.evaluate(
      () => (window as unknown as { seen: [number, number][] }).seen
    );
    const finished = fs.readFileSync(ends, 'utf-8').split('\n').filter(Boolean).map(Number);
    const late = seen
      .filter(([n]) => n > 0 && n <= finished.length)
      .map(([n, at]) => at - finished[n - 1] * 1000);
    console.log(
      JSON.stringify({
        'finished datum to its pixel, ms': {
          n: late.length,
          median: quantile(late, 0.5),
          p95: quantile(late, 0.95)
        }
      })
    );
  } finally {
    server.close();
  }
});
