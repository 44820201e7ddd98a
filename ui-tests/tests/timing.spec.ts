/** Overview, Timing, Workers and Spec of a real run, and its report opened on its own. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';

import { Story } from './story';

test('how a run went: answers, durations, workers, code, and the report as a page', async ({
  page,
  tmpPath
}, testInfo) => {
  const story = new Story(page, tmpPath);
  story.write(30);
  await story.open(story.cell());
  const panel = await story.panel();
  await page.notebook.runCell(1, true);
  await expect(panel.locator('[data-section=run]')).toContainText('done with failures');
  await page.evaluate(() => (window as any).jupyterapp.commands.execute('datum:open-run'));
  const run = page.locator('.jp-datum-document');
  await expect(run.locator('.jp-datum-card').first()).toContainText('30');
  await expect(run).toContainText('How long each took');
  await run.getByRole('button', { name: /ValueError/ }).click();
  await expect(run.getByRole('tab', { name: /Failures/ })).toHaveAttribute('aria-selected', 'true');

  await run.getByRole('tab', { name: 'Timing' }).click();
  await expect(run.getByText('Duration of 30 datums')).toBeVisible();
  await expect(run.locator('.jp-datum-slowest-table tbody tr')).toHaveCount(20);
  await expect(run.locator('.jp-datum-lane-bars path').first()).toBeVisible();
  await run.getByRole('tab', { name: 'Workers' }).click();
  await expect(run.locator('.jp-datum-crew tbody tr').first()).toBeVisible();
  await run.getByRole('tab', { name: 'Spec' }).click();
  await expect(run.locator('.jp-datum-code-view')).toContainText('datum.path');
  const found = await new AxeBuilder({ page: page as any }).include('.jp-datum-document').analyze();
  expect(found.violations.map(one => one.id)).toEqual([]);

  await run.getByRole('tab', { name: 'Overview' }).click();
  const opened = page.context().waitForEvent('page');
  await run.getByRole('button', { name: 'Report', exact: true }).click();
  const report = await opened;
  await expect(report.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(report.locator('body')).toContainText('ValueError');
  const saved = page.waitForEvent('download');
  await run.getByRole('button', { name: 'Save the report as a file' }).click();
  const file = testInfo.outputPath('report.html');
  await (await saved).saveAs(file);
  expect(fs.readFileSync(file, 'utf-8')).toContain('Content-Security-Policy');

  // Opened on its own, with no server and no network: all of it is there, and it asks for nothing.
  const alone = await page.context().browser()!.newContext({ offline: true });
  const kept = await alone.newPage();
  const asked: string[] = [];
  kept.on('request', request => asked.push(request.url()));
  await kept.goto(`file://${file}`);
  await expect(kept.getByRole('heading', { level: 1 })).toContainText('halves');
  await expect(kept.locator('body')).toContainText('could not convert string to float');
  await expect(kept.locator('svg').first()).toBeVisible();
  expect(asked).toEqual([`file://${file}`]);
  await alone.close();
});
