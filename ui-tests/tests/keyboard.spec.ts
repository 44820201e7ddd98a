/** The whole story without a mouse: run, find the failure, open it, mend the cell, retry. */
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import * as path from 'path';

import { Files } from './files';
import { Server } from './server';
import { Story } from './story';

/** Press Tab until what has the focus is called `name`. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    const here = await page.evaluate(() => {
      const node = document.activeElement;
      const lost = node === null || node === document.body; // whose text is all of the page's
      return lost ? '' : (node.getAttribute('aria-label') ?? node.textContent ?? '');
    });
    if (name.test(here)) {
      return;
    }
    seen.push(here.slice(0, 40));
    await page.keyboard.press('Tab');
  }
  throw new Error(`no ${name} among: ${seen.join(' | ')}`);
}

test('from the failure to green by keys alone', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(20);
  await story.open(story.cell());
  await page.notebook.runCell(1, true);
  await page.notebook.setCell(1, 'code', story.cell({ fixed: true }));
  await page.notebook.save();
  await page.mouse.move(0, 0);

  // The panel comes with the keys that its schema gives, and takes the focus.
  const panel = page.locator('#jupyter-datum-panel');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Alt+d');
  await expect(panel).toBeVisible();
  await expect.poll(() => panel.evaluate(node => node.contains(document.activeElement))).toBe(true);
  await expect(panel.getByRole('button', { name: 'Retry 2 with the edited cell' })).toBeVisible();

  // To the failures, and into the first one.
  await tabTo(page, /^ValueError/);
  await page.keyboard.press('Enter');
  const rows = panel.getByRole('group', { name: 'Failed datums' });
  await expect(rows).toContainText('0003'); // what a group holds is read when it is opened
  await tabTo(page, /in\/0003|0003\.txt/);
  await page.keyboard.press('Enter');
  const datum = page.locator('.jp-datum-detail');
  await expect(datum).toContainText('could not convert string to float', { timeout: 30000 });
  await expect.poll(() => datum.evaluate(node => node.contains(document.activeElement))).toBe(true);
  await page.keyboard.press('n');
  await expect(datum.locator('h1')).toContainText('0013');
  await page.keyboard.press('p');
  await expect(datum.locator('h1')).toContainText('0003');

  // Back to the panel, and everything that failed once more.
  await page.keyboard.press('Control+Alt+d');
  await tabTo(page, /^Retry 2 with the edited cell/);
  await page.keyboard.press('Enter');
  await expect.poll(() => story.output('0003'), { timeout: 30000 }).toBe('1.75');
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  await expect(panel).toBeFocused(); // the button that had it is gone
  expect(story.status()).toMatchObject({ status: 'success', success: 2 });
});

/** The run document of a run that left two failed, from the panel to another run of them. */
async function throughDocument(page: Page, files: Files): Promise<void> {
  const panel = page.locator('#jupyter-datum-panel');
  const document = page.locator('.jp-datum-document');
  const inFront = (name: RegExp) =>
    expect(document.getByRole('tab', { name })).toHaveAttribute('aria-selected', 'true');
  // JupyterLab restores its layout once it stands, and may fold what was opened before.
  await expect(async () => {
    await page.keyboard.press('Control+Alt+d');
    await expect(panel).toContainText('Run 1', { timeout: 2000 });
    await tabTo(page, /^Retry 2/);
    await page.keyboard.press('f');
    await expect(document).toBeVisible({ timeout: 2000 });
  }).toPass({ timeout: 120000 });

  // The failures; from one to the next.
  await inFront(/^Failures/);
  const datum = document.locator('.jp-datum-detail h1');
  await expect(datum).toContainText('0003');
  await tabTo(page, /^Failures/);
  await page.keyboard.press('n');
  await expect(page.locator('.jp-datum-detail h1', { hasText: '0013' }).first()).toBeVisible();

  // The table: a word that filters, a range, and back to all rows.
  await tabTo(page, /^Failures/);
  await page.keyboard.press('ArrowLeft');
  await inFront(/^Table/);
  const rows = document.getByRole('grid');
  await expect(rows).toBeVisible(); // what a tab shows is loaded when it is opened
  await tabTo(page, /^Datums$/);
  await expect(rows).toHaveAttribute('aria-rowcount', '21');
  await page.keyboard.press('/');
  await page.keyboard.type('state:failed');
  await page.keyboard.press('Enter');
  await expect(rows).toHaveAttribute('aria-rowcount', '3');
  await page.keyboard.press('Escape');
  await expect(rows).toBeFocused();
  await expect(rows.locator('[aria-selected]').first()).toContainText('0003');
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(document).toContainText('2 selected');
  await page.keyboard.press('Escape');
  await expect(document).not.toContainText('2 selected');
  await expect(rows).toBeFocused();

  // The map hears its own keys, though they are shortcuts elsewhere.
  for (let i = 0; i < 40 && !/^Table/.test(await focused(page)); i++) {
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('ArrowLeft');
  await inFront(/^Map/);
  await expect(document.getByRole('application')).toBeVisible();
  await tabTo(page, /^Map of datums/);
  await page.keyboard.press('Home');
  await page.keyboard.press('n');
  await expect(document.locator('.jp-datum-map-card')).toContainText('ValueError');
  await page.keyboard.press('n');
  await expect(document.locator('.jp-datum-map-card')).toContainText('0013');
  await inFront(/^Map/);
  await page.keyboard.press('Escape');
  await expect(document.locator('.jp-datum-map-card')).toHaveCount(0);
  await expect(document.getByRole('application')).toBeFocused();

  // Once more, all that failed; and back to the notebook.
  await page.keyboard.press('Shift+R');
  await expect.poll(() => files.executions().get('0013'), { timeout: 30000 }).toBe(2);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.evaluate(inNotebook)).toBe(true);
}

const focused = (page: Page) =>
  page.evaluate(() => {
    const node = document.activeElement;
    return node?.getAttribute('aria-label') ?? node?.textContent ?? '';
  });

const inNotebook = () => document.activeElement?.closest('.jp-NotebookPanel') !== null;

test.describe('the run document by keys alone', () => {
  let server: Server;
  test.beforeAll(async () => {
    server = await Server.start();
  });
  test.afterAll(() => server.close());

  for (const app of ['lab', 'notebook']) {
    test(`in ${app}`, async ({ browser }) => {
      test.setTimeout(300_000);
      const page = await browser.newPage();
      const files = new Files(path.join(server.root, app));
      files.write(20);
      files.run(files.notebook('%load_ext jupyter_datum', files.cell())); // two of them fail
      const place = app === 'lab' ? 'lab/tree' : 'notebooks';
      await page.goto(`${server.url(`${place}/${app}/story.ipynb`)}&reset`);
      await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
      await throughDocument(page, files);
      await page.close();
    });
  }
});
