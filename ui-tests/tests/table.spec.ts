/** The table of a run: find, sort, choose a stretch, take along as CSV, retry what a filter names. */
import { expect as expectSoon, test } from '@jupyterlab/galata';
import * as fs from 'fs';

import { Story } from './story';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

test('filter, select a range, take it as CSV, retry by filter', async ({ page, tmpPath }) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  const run = await story.flawedRun('table');
  const grid = run.getByRole('grid', { name: 'Datums' });
  const first = grid.locator('[role=row][aria-rowindex="2"]');
  await expect(grid).toHaveAttribute('aria-rowcount', '41');
  await expect(grid.getByRole('columnheader', { name: 'number' })).toBeVisible();

  // Words become chips; only what all of them say is left.
  const filter = run.getByRole('textbox', { name: 'Filter of datums' });
  await filter.pressSequentially('state:failed ');
  await expect(run.locator('.jp-datum-filter')).toContainText('5 match');
  await expect(grid).toHaveAttribute('aria-rowcount', '6');
  await grid.getByRole('button', { name: 'name' }).click();
  await grid.getByRole('button', { name: 'name' }).click();
  await expect(first).toContainText('0033.txt');

  // By keys: three rows from the top, a fourth by itself; a click with Shift chooses all up to it.
  const bar = run.locator('.jp-datum-grid-bar');
  await grid.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(bar).toContainText('3 selected');
  await expect(first).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(bar).not.toContainText('selected');
  const cell = (n: number) => grid.locator(`[role=row][aria-rowindex="${n + 1}"] [role=gridcell]`);
  await cell(1).nth(1).click();
  await cell(4)
    .nth(1)
    .click({ modifiers: ['Shift'] });
  await expect(bar).toContainText('4 selected');

  // All that match, in the order that is shown, however much of it is in view.
  const saved = page.waitForEvent('download');
  await run.getByRole('button', { name: 'CSV' }).click();
  const lines = fs
    .readFileSync(await (await saved).path(), 'utf-8')
    .trim()
    .split(/\r?\n/);
  expect(lines).toHaveLength(6);
  expect(lines[0]).toContain('number');
  expect(lines[1]).toContain('0033.txt');
  expect(lines.slice(1).every(line => line.includes('failed'))).toBe(true);

  // Of the failed ones only those with that error run again.
  await filter.pressSequentially('err:CRC ');
  await expect(run.locator('.jp-datum-filter')).toContainText('4 match');
  story.mend();
  await run.getByRole('button', { name: 'Select all 4' }).click();
  await run.getByRole('button', { name: 'Retry 4', exact: true }).click();
  await expect.poll(() => story.output('0033'), { timeout: 60_000 }).toBe('16.5');
  await expect.poll(() => story.status(), { timeout: 60_000 }).toMatchObject({ success: 4 });
  expect(story.output('0007')).toBeNull();
});
