/** What failed, by kind: a group, a datum of it, the group once more; and what is expected. */
import AxeBuilder from '@axe-core/playwright';
import { expect as expectSoon, test } from '@jupyterlab/galata';

import * as fs from 'fs';
import * as path from 'path';

import { Story } from './story';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

test('group, datum, retry of the group, and a group that is expected', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  const run = await story.flawedRun('failures');
  const groups = run.getByRole('list', { name: 'Failures by kind' }).getByRole('listitem');
  const datum = run.locator('.jp-datum-detail');
  await expect(groups).toHaveCount(2);

  // The largest group is open, and one of its datums beside it, with the user's own lines.
  await expect(groups.first()).toContainText('ValueError');
  await expect(groups.first().locator('.jp-datum-failed-row')).toHaveCount(4);
  await expect(datum.locator('h1')).toContainText('0003.txt');
  await expect(datum).toContainText('raise ValueError(f"bad CRC in {datum.path}")');
  await datum.getByRole('button', { name: 'Next failure' }).click();
  await expect(datum.locator('h1')).toContainText('0007.txt');
  await groups.first().locator('.jp-datum-group-text').click();
  await groups.first().locator('.jp-datum-failed-row', { hasText: '0023' }).click();
  await expect(datum.locator('h1')).toContainText('0023.txt');

  // The other one is known, and accepted: counted apart from now on.
  await groups.last().locator('.jp-datum-group-text').click();
  await groups.last().getByRole('button', { name: 'Mark as expected' }).click();
  await expect(groups).toHaveCount(1);
  const expected = run.getByRole('button', { name: '1 expected, in 1 group' });
  await expect(expected).toBeVisible();
  const panel = await story.panel();
  await expect(panel.locator('[data-section=failures]')).toContainText('1 expected');
  const found = await new AxeBuilder({ page: page as any }).include('.jp-datum-document').analyze();
  expect(found.violations.map(one => one.id)).toEqual([]);

  // Mended, and only that group again: the recorded code needs no kernel.
  story.mend();
  await groups.first().getByRole('button', { name: 'Retry these 4' }).click();
  await expect.poll(() => story.output('0033'), { timeout: 60_000 }).toBe('16.5');
  await expect.poll(() => story.status(), { timeout: 60_000 }).toMatchObject({ success: 4 });
  expect(story.output('0007')).toBeNull();

  // The cell is edited: the same button takes it, though the kernel has not loaded us.
  fs.rmSync(path.join(story.folder, 'mended'));
  await story.command('datum:run', { name: 'halves', which: 'all' });
  await expect.poll(() => story.status(), { timeout: 60_000 }).toMatchObject({ failed: 5 });
  // The ledger knows of it before the panel has heard of it, whose newest run the command opens.
  await expect(panel.locator('[data-section=run]')).toContainText('Run 3');
  await story.command('datum:open-run', { name: 'halves', tab: 'failures' });
  await page.evaluate(source => {
    for (const one of (window as any).jupyterapp.shell.widgets('main')) {
      one.content?.model?.sharedModel?.cells?.[1].setSource(source);
    }
  }, story.flawed().replace('number / 2', 'number * 2'));
  const shown = page.locator('.jp-datum-document:visible');
  const group = shown.getByRole('list', { name: 'Failures by kind' }).getByRole('listitem').first();
  const retry = group.getByRole('button', { name: 'Retry these 4 with the edited cell' });
  await expect(retry).toBeVisible();
  story.mend();
  await retry.click();
  await expect.poll(() => story.output('0033'), { timeout: 120_000 }).toBe('66');
  expect(story.output('0002')).toBe('1.0');
});
