/**
 * The pictures of docs/journeys.md, of the real product: `jlpm bench journeys.spec.ts` (with the
 * extra `demo`) lives all eight journeys on the mosaic notebook, asserts how each ends, and leaves
 * a small picture of each step, with a palette, in `docs/journeys`. Look at all of them.
 */
import { expect as expectSoon, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { killKernel, panelOf, redPixel } from '../tests/panel';
import { Server } from '../tests/server';
import { BROKEN, HELPER, Lab, PICTURE, picture, PICTURES, TRANSFORM } from './mosaiclab';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

const MENDED = 'max(tile.mean() - BLACK, 1)';
const INPUT = 'split(photos, by=places)';

test.use({ viewport: { width: 1120, height: 680 } });

test('all journeys but the second', async ({ page, browser }) => {
  test.setTimeout(900_000);
  fs.mkdirSync(PICTURES, { recursive: true });
  const lab = new Lab(page, await Server.start({ exposed: true }));
  try {
    lab.write(cell => cell.replace(/^%%datum.*\n/, ''));
    await lab.open();
    await markAndRun(lab);
    await holes(lab);
    await fromThePixel(lab);
    await heal(lab);
    await again(lab);
    await whence(lab);
    await helper(lab);
    await report(lab, () => browser.newContext({ offline: true }));
  } finally {
    lab.server.close();
  }
});

/** 1: mark a cell, plan, run, watch it fail, in groups, in the notebook. */
async function markAndRun(lab: Lab): Promise<void> {
  const { page, panel } = lab;
  await lab.execute(0);
  await lab.execute(1);
  await lab.execute(HELPER);
  await lab.front(TRANSFORM);
  await lab.command('datum:mark-cell', { name: 'tiles' });
  const form = page.locator('.jp-MetadataForm', { has: page.locator('.jp-datum-form-state') });
  for (const [name, text] of [
    ['Input', INPUT],
    ['Output folder', 'tiles'],
    ['Workers', '2']
  ]) {
    await form.getByRole('textbox', { name }).fill(text);
    await form.getByRole('textbox', { name }).press('Enter');
  }
  await expect(form).toContainText('--workers 2');
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan).toContainText('of 1,024 would run', { timeout: 60_000 });
  await lab.shot('1-mark');
  await plan.getByRole('button', { name: 'Run these 1,024' }).click();
  await lab.command('application:toggle-right-area');
  const percent = lab.run.locator('.jp-datum-percent');
  await expect(percent).toHaveText(/^[2-8]\d\.\d%$/, { timeout: 300_000 });
  await picture(page, '1-run');
  await expect(lab.run).toContainText('done with failures', { timeout: 300_000 });
  await lab.command('datum:open-run', { tab: 'failures' });
  await expect(lab.document.locator('.jp-datum-detail-body')).toBeVisible();
  await lab.shot('1-failures');
  await lab.document.getByRole('button', { name: 'Open in notebook' }).click();
  const output = lab.cells.nth(TRANSFORM + 1).locator('.jp-OutputArea');
  await expect(output).toContainText('ValueError', { timeout: 60_000 });
  await lab.front(TRANSFORM + 1, 'output');
  await lab.shot('1-notebook');
}

/** 7, its beginning: the mosaic has holes. The cell of the failed datum stands above it. */
async function holes(lab: Lab): Promise<void> {
  await lab.execute(PICTURE + 1);
  await expect(lab.cells.nth(PICTURE + 1).locator('.jp-OutputArea img')).toBeVisible();
  await lab.front(PICTURE + 1, 'output');
  await lab.shot('7-holes');
}

/** 3: from a red pixel into that very datum. */
async function fromThePixel(lab: Lab): Promise<void> {
  const { page } = lab;
  await lab.command('datum:open-run', { tab: 'map' });
  const map = lab.document.locator('.jp-datum-map-tab');
  const place = await redPixel(map.getByRole('img'));
  await map.getByRole('application').click({ position: place });
  const card = map.locator('.jp-datum-map-card');
  await expect(card).toContainText('ValueError');
  await lab.shot('3-pixel');
  await card.getByRole('button', { name: 'open' }).click();
  const datum = page.locator('.jp-datum-detail:visible');
  await expect(datum).toContainText('ValueError');
  await lab.shot('3-datum');
  await datum.getByRole('button', { name: 'Debug' }).click();
  const stopped = page.locator('.jp-DebuggerEditor-highlight');
  await expect(stopped).toContainText('log2', { timeout: 60_000 });
  const sidebar = page.locator('#jp-debugger-sidebar');
  await expect(sidebar).toContainText('signal', { timeout: 60_000 });
  await lab.alone();
  await page.locator('.jp-Notebook .cm-scroller').evaluateAll(all => {
    all.forEach(one => (one.scrollLeft = 0));
  });
  await sidebar.getByText('signal').first().scrollIntoViewIfNeeded();
  await lab.shot('3-debug');
  await lab.command('debugger:continue');
  await expect(stopped).toHaveCount(0, { timeout: 60_000 });
  await lab.command('application:toggle-right-area');
}

/** 1 and 7, their ends: one line is mended, what failed runs again, and the mosaic is whole. */
async function heal(lab: Lab): Promise<void> {
  const { panel } = lab;
  await lab.front(TRANSFORM + 1);
  await lab.command('notebook:delete-cell');
  await lab.edit(TRANSFORM, BROKEN, MENDED);
  await lab.front(TRANSFORM);
  const retry = panel
    .locator('[data-command="datum:retry-failed"]')
    .filter({ hasText: /^Retry \d+ with the edited cell/ });
  await expect(retry).toBeVisible();
  await retry.hover(); // it is scrolled into view
  await lab.shot('7-edited');
  await retry.click();
  await expect(lab.run).toContainText(/Run 2.*done/s, { timeout: 120_000 });
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  await lab.run.scrollIntoViewIfNeeded();
  expect(fs.readdirSync(lab.path('tiles'))).toHaveLength(1024);
  await lab.shot('1-green');
  await lab.execute(PICTURE);
  await lab.front(PICTURE, 'output');
  await lab.shot('7-healed');
}

/** 6: what is unchanged is not repeated; what is new is all that runs. */
async function again(lab: Lab): Promise<void> {
  const { panel } = lab;
  // The fix changes nothing for the tiles that were there.
  await lab.command('datum:plan', { name: 'tiles' });
  await lab.command('datum:equivalent');
  await lab.command('datum:close-plan');
  await lab.front(TRANSFORM);
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(lab.run).toContainText('of work not repeated', { timeout: 120_000 });
  await lab.shot('6-nothing');
  const third = [
    'from PIL import Image, ImageOps',
    'image = Image.open("photos/china.jpg")',
    'ImageOps.mirror(image).save("photos/lake.jpg")'
  ].join('\n');
  execFileSync('python', ['-c', third], { cwd: lab.server.root });
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan.locator('.jp-datum-figure')).toHaveText('512of 1,536 would run', {
    timeout: 60_000
  });
  await lab.shot('6-new');
  await plan.getByRole('button', { name: 'Run these 512' }).click();
  await expect(lab.run).toContainText('1,536', { timeout: 120_000 });
  await expect(lab.run).toContainText('done', { timeout: 120_000 });
  await lab.command('datum:open-run', { tab: 'overview' });
  await expect(lab.document).toContainText('Not repeated');
  await lab.shot('6-overview');
}

/** 5: right click on an output image. */
async function whence(lab: Lab): Promise<void> {
  const { page } = lab;
  await lab.front(PICTURE, 'output');
  await lab.command('filebrowser:activate');
  await lab.command('filebrowser:open-path', { path: 'tiles' });
  const tile = page.locator('.jp-DirListing-item', { hasText: 'china-00-05.png' });
  await tile.scrollIntoViewIfNeeded();
  await tile.click({ button: 'right' });
  const item = page.getByRole('menuitem', { name: 'Show Datum Lineage' });
  await item.hover();
  await lab.shot('5-menu');
  await item.click();
  const tab = page.locator('.jp-datum-origins');
  const row = (name: string | RegExp) => tab.getByRole('treeitem').filter({ hasText: name });
  await expect(row(/tiles/).first()).toBeVisible();
  await expect(row('china.jpg').first()).toBeVisible();
  await lab.shot('5-lineage');
  await row('photos/china.jpg').first().click();
  await tab.getByRole('button', { name: 'Show datums that used this file' }).click();
  await expect(tab.locator('.jp-datum-user').first()).toBeVisible();
  await lab.shot('5-raw');
}

/** 4: a helper is changed; the plan says what is stale, and why. */
async function helper(lab: Lab): Promise<void> {
  const { panel } = lab;
  await lab.command('datum:open-panel', { name: 'tiles' });
  await lab.edit(HELPER, '0.4 * stops', '0.6 * stops');
  await lab.front(HELPER);
  await lab.execute(HELPER);
  await lab.front(HELPER);
  await lab.shot('4-helper');
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan.locator('.jp-datum-parts')).toHaveText('lighten1,536', { timeout: 60_000 });
  await plan.getByText('code changed', { exact: true }).click();
  await lab.shot('4-plan');
  await plan.getByRole('button', { name: 'Mark as equivalent …' }).click();
  await plan.getByRole('button', { name: 'Mark as equivalent', exact: true }).hover();
  await lab.shot('4-equivalent');
  await lab.command('datum:close-plan');
}

/** 8: the report is a page that needs nobody. */
async function report(lab: Lab, alone: () => Promise<any>): Promise<void> {
  const { page } = lab;
  await lab.front(TRANSFORM);
  await lab.command('datum:open-run', { tab: 'overview' });
  const saved = page.waitForEvent('download');
  const save = lab.document.getByRole('button', { name: 'Save the report as a file' });
  await save.hover();
  await lab.shot('8-save');
  await save.click();
  const file = lab.path('report.html');
  await (await saved).saveAs(file);
  const context = await alone();
  const kept: Page = await context.newPage();
  await kept.setViewportSize(page.viewportSize()!);
  await kept.goto(`file://${file}`);
  await expect(kept.getByRole('heading', { level: 1 })).toContainText('tiles');
  await picture(kept, '8-report');
  await kept.mouse.wheel(0, 560);
  await kept.waitForTimeout(500);
  await picture(kept, '8-more');
  await context.close();
}

/** 2: the kernel is killed and the page is closed in mid-run. */
test('the second journey', async ({ page }) => {
  test.setTimeout(600_000);
  fs.mkdirSync(PICTURES, { recursive: true });
  const lab = new Lab(page, await Server.start({ exposed: true }));
  try {
    lab.write(cell =>
      cell
        .replace('-o tiles', '-o tiles --workers 2')
        .replace(BROKEN, MENDED)
        .replace('from math', 'import time\nfrom math')
        .replace('place = datum.value', 'time.sleep(0.25)\nplace = datum.value')
    );
    await lab.open();
    await lab.execute(0);
    await lab.execute(1);
    await lab.execute(HELPER);
    await lab.front(TRANSFORM);
    await lab.start(TRANSFORM);
    const percent = lab.run.locator('.jp-datum-percent');
    await expect(percent).toHaveText(/^2\d\.\d%$/, { timeout: 120_000 });
    await lab.command('docmanager:save');
    await picture(page, '2-running');
    killKernel(lab.server.root);
    await expect(page.locator('.jp-Dialog')).toContainText('died', { timeout: 60_000 });
    await lab.shot('2-killed');
    await page.goto('about:blank');
    const tiles = () => fs.readdirSync(lab.path('tiles')).length;
    const before = tiles();
    await expect.poll(tiles, { timeout: 60_000 }).toBeGreaterThan(before + 100);
    await page.goto(lab.server.url('lab/tree/mosaic.ipynb'));
    await panelOf(page);
    await expect(percent).toHaveText(/^([5-9]\d\.\d|100)%$/);
    await lab.shot('2-back');
    await expect(lab.run).toContainText('done', { timeout: 300_000 });
    expect(tiles()).toBe(1024);
    await lab.shot('2-done');
  } finally {
    lab.server.close();
  }
});
