/** Bad weather and other places: a server that dies, a prefix in the URL, Notebook 7. */
import { expect, test } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';
import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { Files } from './files';
import { panelOf } from './panel';
import { Server } from './server';

/** The run's own bar; the list of transforms has thin ones. */
function bar(panel: Locator): Locator {
  return panel.locator('[role=progressbar]:not([data-thin=true])').first();
}

async function settled(panel: Locator, of: number): Promise<void> {
  await expect(bar(panel)).toHaveAttribute('aria-valuetext', new RegExp(`${of} of ${of}`), {
    timeout: 90000
  });
}

test('the server is killed in mid-run, comes back, and nobody reloads', async ({ page }) => {
  const server = await Server.start();
  try {
    const files = new Files(server.root);
    files.write(40);
    const cell = files.cell({ gates: { away: 8, back: 25 } });
    const notebook = files.notebook('%load_ext jupyter_datum', cell);
    // Begun from the command line, and found in the panel.
    const run = spawn('jupyter', ['datum', 'run', notebook], { stdio: 'ignore' });
    await expect.poll(() => files.executions().size, { timeout: 30000 }).toBeGreaterThan(3);
    await page.goto(server.url('lab/tree/story.ipynb'));
    const panel = await panelOf(page);
    await expect(bar(panel)).toBeVisible({ timeout: 30000 });
    server.kill();
    files.pass('away');
    await expect.poll(() => files.executions().size, { timeout: 60000 }).toBeGreaterThan(20);
    await server.again();
    await expect(bar(panel)).toHaveAttribute('aria-valuetext', /^2[2-5] of 40/, { timeout: 90000 });
    files.pass('back');
    await settled(panel, 40);
    await new Promise(done => (run.exitCode === null ? run.on('exit', done) : done(0)));
    expect(files.status()).toMatchObject({ status: 'failed', success: 36, failed: 4 });
    expect([...files.executions().values()].every(times => times === 1)).toBe(true);
    await expect(panel).toContainText('36');
  } finally {
    server.close();
  }
});

/** What is opened comes in front of what is open: Notebook 7 leaves its area below as it was. */
async function inFront(page: Page, panel: Locator): Promise<void> {
  await panel.getByRole('button', { name: 'Open the run' }).click();
  await page.getByRole('tab', { name: /^Failures/ }).click({ timeout: 20000 });
  await page.getByRole('button', { name: 'More about this datum' }).click();
  await page.getByRole('menuitem', { name: /Last Good/ }).click();
  await expect(page.getByRole('heading', { name: 'What is different' })).toBeVisible();
}

/** Where the same story is lived: the kernel may have an environment of its own. */
const PLACES = [
  { app: 'lab', kernel: 'python3' },
  { app: 'notebook', kernel: 'python3' },
  { app: 'lab', kernel: 'datum-second' }
];

test.describe('under a prefix', () => {
  let server: Server;
  test.beforeAll(async () => {
    server = await Server.start({ baseUrl: '/user/x%40y/' });
  });
  test.afterAll(() => server.close());

  for (const { app, kernel } of PLACES) {
    test(`fail, fix, retry to green, in ${app}, ${kernel}`, async ({ page }) => {
      const folder = `${app}-${kernel}`;
      const files = new Files(path.join(server.root, folder));
      files.write(30);
      files.notebookFor(kernel, '%load_ext jupyter_datum', files.cell());
      const place = app === 'lab' ? 'lab/tree' : 'notebooks';
      await page.goto(`${server.url(`${place}/${folder}/story.ipynb`)}&reset`);
      const cells = page.locator('.jp-Notebook .jp-CodeCell');
      await expect(cells).toHaveCount(2, { timeout: 60000 });
      await expect(page.locator('.jp-Notebook-ExecutionIndicator')).toHaveAttribute(
        'data-status',
        'idle',
        { timeout: 60000 }
      );
      // Keys that come before the page has settled go nowhere: a person presses them again.
      await expect(async () => {
        await cells.nth(0).locator('.cm-content').click();
        await page.keyboard.press('Shift+Enter');
        const prompt = cells.nth(0).locator('.jp-InputPrompt');
        await expect(prompt).toHaveText(/\[\d+\]/, { timeout: 5000 });
      }).toPass({ timeout: 60000 });
      await cells.nth(1).locator('.cm-content').click();
      await page.keyboard.press('Control+Enter');
      const panel = await panelOf(page);
      await expect(panel.getByRole('button', { name: 'Retry 3', exact: true })).toBeVisible({
        timeout: 60000
      });
      if (app === 'notebook') {
        await inFront(page, panel);
      }
      const line = cells.nth(1).locator('.cm-line', { hasText: 'value = float(text)' });
      await line.click();
      await page.keyboard.press('End');
      await page.keyboard.press('Backspace');
      await page.keyboard.type('.replace(",", "."))');
      await panel.getByRole('button', { name: 'Retry 3 with the edited cell' }).click();
      await expect.poll(() => files.output('0003'), { timeout: 30000 }).toBe('1.75');
      await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
      const status = files.status();
      expect(status).toMatchObject({ status: 'success', success: 3 });
      expect(String(status.interpreter).includes('venv-kernel')).toBe(kernel === 'datum-second');
      const twice = [...files.executions()].filter(([, times]) => times > 1);
      expect(twice.map(([stem]) => stem).sort()).toEqual(['0003', '0013', '0023']);
      expect(fs.existsSync(path.join(files.folder, '.datum'))).toBe(true);
    });
  }
});
