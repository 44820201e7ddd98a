/** Run with: chosen before a run, and what can be changed while it goes on. */
import { expect as expectSoon, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import * as fs from 'fs';

import { Story } from './story';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

/** What the server says of the options of the newest run. */
async function options(page: Page, of: { project: string; run: string }): Promise<any> {
  const url = `/jupyter-datum/projects/${of.project}/runs/${of.run}`;
  return page.evaluate(async path => (await (await fetch(path)).json()).options, url);
}

test('workers and what failures do, before a run and while it goes on', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  story.write(40);
  // Every datum waits until the gate is open: what happens before it has all the time it needs.
  const gate = 'while not os.path.exists("gate"): time.sleep(0.02)';
  const cell = story.cell({ pause: 0.05 }).replace('import time', `import os, time\n${gate}`);
  await story.open(cell.replace('--workers 2', '--tries 1'));
  const panel = await story.panel();
  const rules = panel.getByRole('radiogroup', { name: 'On error' });
  const bound = panel.getByRole('textbox', { name: 'On error' });
  const workers = panel.getByRole('slider', { name: 'Workers' });
  const field = panel.getByRole('textbox', { name: 'Workers' });

  await rules.getByRole('radio', { name: 'stop at' }).check();
  await bound.fill('many');
  await expect(bound).toHaveAttribute('aria-invalid', 'true');
  await bound.fill('90%');
  await bound.press('Enter');
  await field.fill('2');
  await field.press('Enter');
  await panel.getByRole('combobox', { name: 'Engine' }).selectOption('joblib');
  await expect(panel.locator('[data-section=run-with]')).toContainText('joblib · 2 workers');
  await panel.getByRole('button', { name: 'Run the cell' }).click();

  // While it runs: one worker fewer, and the next failure is the last one.
  const run = panel.locator('[data-section=run]');
  await expect(run).toContainText('running', { timeout: 60_000 });
  const shown = await story.command('datum:open-run');
  await page.notebook.activate('story.ipynb');
  await expect(rules.getByRole('radio', { name: 'stop at' })).toBeChecked();
  await expect(bound).toHaveValue('90%');
  await expect(workers).toHaveValue('2');
  const locked = panel.getByRole('img', { name: 'Cannot be changed while it runs' });
  await expect(locked.first()).toBeVisible();
  await workers.press('ArrowLeft');
  await expect.poll(() => story.status().workers, { timeout: 60_000 }).toBe(1);
  await rules.getByRole('radio', { name: 'stop', exact: true }).check();
  await expect
    .poll(() => options(page, shown), { timeout: 60_000 })
    .toMatchObject({ on_error: 'stop' });
  fs.writeFileSync(`${story.folder}/gate`, '');
  await expect(run).toContainText('stopped on failures', { timeout: 60_000 });
  await expect(run).toContainText('cancelled');
  expect(story.executions().size).toBeLessThan(40);
  expect(story.status()).toMatchObject({ failed: 1 });
});
