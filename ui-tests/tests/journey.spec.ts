import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';

import { killKernel, panelOf } from './panel';
import { Story } from './story';

test('run, see, open, fix, retry to green, nothing to do', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(40);
  await story.open(story.cell());
  const panel = await story.panel();

  await page.notebook.runCell(1, true);
  await expect(panel.getByRole('button', { name: 'Retry 4', exact: true })).toBeVisible();
  await expect(panel).toContainText('ValueError');
  await expect(panel.getByRole('progressbar').first()).toHaveAttribute(
    'aria-valuetext',
    /40 of 40.*4 failed/
  );

  await panel.getByRole('button', { name: 'Open a failed datum of this group' }).first().click();
  await expect(page.locator('body')).toContainText('could not convert string to float');

  // The page of the datum may come to the front while one types already.
  await expect(async () => {
    await page.notebook.activate('story.ipynb');
    await page.notebook.setCell(1, 'code', story.cell({ fixed: true }));
    expect(await page.notebook.getCellTextInput(1)).toContain('text.replace');
  }).toPass();
  expect(story.outputs()).toHaveLength(36); // holes, where something failed
  await panel.getByRole('button', { name: 'Retry 4 with the edited cell' }).click();
  await expect.poll(() => story.output('0003'), { timeout: 30000 }).toBe('1.75');
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  expect(story.outputs()).toHaveLength(40);
  expect(story.status()).toMatchObject({ status: 'success', success: 4 });
  for (const [stem, times] of story.executions()) {
    expect(times, stem).toBe(stem.endsWith('3') ? 2 : 1);
  }

  await page.notebook.runCell(1, true);
  expect(story.executions().get('0001')).toBe(2); // the code has changed: its result is stale
});

test('a reload in the middle of a run: panel and output are live again', async ({
  page,
  tmpPath
}) => {
  const story = new Story(page, tmpPath);
  story.write(30);
  await story.open(story.cell({ fixed: true, gates: { reloaded: 8 } }));
  await story.panel();
  await story.start();
  await expect.poll(() => story.executions().size, { timeout: 30000 }).toBeGreaterThan(5);
  await page.notebook.save();
  // Galata's own option, which the types of its page lack.
  await page.reload({ waitForIsReady: false } as Parameters<typeof page.reload>[0]);
  const panel = page.locator('#jupyter-datum-panel');
  await expect(panel).toBeVisible({ timeout: 30000 });
  const progress = panel.getByRole('progressbar').first();
  await expect(progress).toHaveAttribute('aria-valuetext', /^[5-8] of 30/, { timeout: 60000 });
  story.pass('reloaded');
  await expect(progress).toHaveAttribute('aria-valuetext', /30 of 30/, { timeout: 60000 });
  expect(story.status()).toMatchObject({ status: 'success', success: 30 });
  expect([...story.executions().values()].every(times => times === 1)).toBe(true);
});

test('retry, start and cancel from the panel with no kernel at all', async ({ page, tmpPath }) => {
  test.setTimeout(300_000);
  const story = new Story(page, tmpPath);
  story.write(20);
  const slow = 'time.sleep(30 if datum.stem[0] == "9" else 0)';
  const guard = 'import os; assert datum.stem[-1] != "7" or os.path.exists("mended")';
  const cell = story.cell({ fixed: true }).replace('import time', `import time\n${slow}\n${guard}`);
  await story.open(cell);
  const panel = await story.panel();
  const run = panel.getByRole('button', { name: 'Run', exact: true });
  await page.notebook.runCell(1, true);
  await expect(panel.getByRole('button', { name: 'Retry 2', exact: true })).toBeVisible();
  await page.notebook.save();
  await page.kernel.shutdownAll();

  // What failed heals without a kernel.
  story.mend();
  await panel.getByRole('button', { name: 'Retry 2', exact: true }).click();
  await expect.poll(() => story.output('0007'), { timeout: 30000 }).toBe('3.5');
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  expect(story.status()).toMatchObject({ status: 'success', success: 2, skipped: 18 });

  // One more file: the panel starts a run of what was recorded.
  fs.writeFileSync(`${story.folder}/in/0100.txt`, '100');
  await run.click();
  await expect.poll(() => story.output('0100'), { timeout: 30000 }).toBe('50.0');
  expect(story.status()).toMatchObject({ status: 'success', success: 1, skipped: 20 });

  // And all over again with one worker of another engine.
  const all = panel.getByRole('group', { name: 'Datums' }).getByRole('checkbox', { name: /^all/ });
  await all.check();
  await panel.getByRole('combobox', { name: 'Engine' }).selectOption('serial');
  await run.click();
  await expect
    .poll(() => story.status(), { timeout: 30000 })
    .toMatchObject({ status: 'success', success: 21, engine: 'serial' });

  // A slow one is cancelled, and what was finished stays.
  fs.writeFileSync(`${story.folder}/in/9000.txt`, '1');
  fs.writeFileSync(`${story.folder}/in/0101.txt`, '101');
  await all.uncheck();
  await panel.getByRole('combobox', { name: 'Engine' }).selectOption('joblib');
  await run.click();
  await expect.poll(() => story.output('0101'), { timeout: 30000 }).toBe('50.5');
  await panel.getByRole('button', { name: 'Stop' }).click();
  await expect(panel.locator('[data-section=run]')).toContainText('stopped', { timeout: 20000 });
  expect(story.status()).toMatchObject({ status: 'cancelled', success: 1, cancelled: 1 });
  expect(story.output('0101')).toBe('50.5');

  // The edited cell, still without a kernel: the server starts one for it, and ends it.
  const quarters = story.cell({ fixed: true }).replace('value / 2', 'value / 4');
  await page.notebook.setCell(1, 'code', quarters);
  await panel.getByRole('button', { name: 'Run the edited cell' }).click();
  await expect.poll(() => story.output('0100'), { timeout: 60000 }).toBe('25.0');
  await expect
    .poll(() => page.evaluate(async () => (await fetch('/api/kernels')).json()))
    .toEqual([]);
});

test('Detach frees the kernel; it is killed, nobody looks, and the run goes on', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(40);
  await story.open(story.cell({ fixed: true, gates: { free: 10 } }));
  await page.notebook.addCell('code', 'open("idle", "w").close()');
  const panel = await story.panel();
  await story.start();
  await panel.getByRole('button', { name: 'Detach' }).click();
  await page.notebook.selectCells(2);
  await page.keyboard.press('Control+Enter');
  await expect.poll(() => fs.existsSync(`${story.folder}/idle`), { timeout: 30000 }).toBe(true);
  expect(story.executions().size).toBeLessThan(40);
  await page.notebook.save();
  expect(killKernel(story.folder)).toBe(1);
  const here = page.url();
  await page.evaluate(() => location.assign('about:blank'));
  await page.waitForURL('about:blank');
  story.pass('free');
  await expect
    .poll(() => story.status(), { timeout: 60000 })
    .toMatchObject({ status: 'success', success: 40 });
  await page.evaluate(url => location.assign(url), here);
  await panelOf(page);
  const progress = panel.getByRole('progressbar').first();
  await expect(progress).toHaveAttribute('aria-valuetext', /40 of 40/, { timeout: 60000 });
  expect([...story.executions().values()].every(times => times === 1)).toBe(true);
});
