/** New files run by themselves, as long as the panel says that they are watched. */
import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';
import * as path from 'path';

import { Story } from './story';

test('watch a transform, let a file come, stop', async ({ page, tmpPath }) => {
  test.setTimeout(180_000);
  const story = new Story(page, tmpPath);
  story.write(3);
  story.notebook('%load_ext jupyter_datum', story.cell({ fixed: true }));
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  const panel = await story.panel();
  await page.notebook.runCell(0, true);
  await story.start();
  await expect(panel.locator('[data-section=run]')).toContainText('done', { timeout: 60_000 });

  await panel.getByRole('button', { name: 'Watch', exact: true }).click();
  const watch = panel.locator('[data-section=watch]');
  await expect(watch).toContainText('watching for', { timeout: 60_000 });
  const seconds = watch.getByLabel('a file counts when still for (s)');
  await seconds.fill('0.5');
  await seconds.press('Enter');
  fs.writeFileSync(path.join(story.folder, 'in', '0100.txt'), '7');
  await expect.poll(() => story.output('0100'), { timeout: 60_000 }).toBe('3.5');
  expect(story.executions().get('0001'), 'what was there is left alone').toBe(1);
  await expect(watch).toContainText('1 run', { timeout: 60_000 });

  await watch.getByRole('button', { name: 'Stop watching' }).click();
  await expect(watch).toHaveCount(0, { timeout: 60_000 });
});
