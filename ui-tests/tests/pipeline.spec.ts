/** Transforms that feed each other: their rows, workers more and less, what is slow, stop all. */
import { expect, test } from '@jupyterlab/galata';

import { Story } from './story';

const rows = (text: string) => text.replace(/\s+/g, ' ').trim();

test('what feeds what, how many workers, what is slow, and stop all', async ({ page, tmpPath }) => {
  test.setTimeout(180_000);
  const story = new Story(page, tmpPath);
  story.write(40);
  const slow = story
    .cell({ fixed: true })
    .replace('sleep(0)', 'sleep(90 if datum.stem == "0007" else 0.3)');
  const sums = '%%datum sums -i "whole(halves)" -o sums\nlen(datum.paths["halves"])';
  story.notebook('%load_ext jupyter_datum', slow, sums);
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  const panel = await story.panel();
  const list = panel.getByRole('listbox', { name: 'Transforms' }).getByRole('option');
  await expect(list).toHaveCount(2);
  await expect(list.nth(1)).toContainText('from halves');

  await page.notebook.runCell(0, true);
  await story.start();
  const run = panel.locator('[data-section=run]');
  const workers = panel.getByRole('slider', { name: 'Workers' });
  const field = panel.getByRole('textbox', { name: 'Workers' });
  await expect(run).toContainText('running', { timeout: 60_000 }); // else it is of the next run
  await expect(workers).toHaveValue('2');
  await field.fill('3');
  await field.press('Enter');
  await expect.poll(() => story.status().workers, { timeout: 30_000 }).toBe(3);
  await expect(workers).toHaveValue('3');
  await workers.press('ArrowLeft');
  await expect.poll(() => story.status().workers, { timeout: 30_000 }).toBe(2);
  await expect(workers).toHaveValue('2');

  const longest = run.getByRole('group', { name: 'Slowest at work' });
  await expect(longest).toContainText('0007.txt', { timeout: 60_000 });
  expect(rows(await longest.innerText())).toMatch(/w\d+ 0:\d\d$/);
  await longest.getByRole('button').click();
  await expect(page.locator('.jp-datum-detail')).toContainText('running');

  await panel.getByRole('button', { name: 'Stop all' }).click();
  await expect(run).toContainText('stopped', { timeout: 60_000 });
  await expect(panel.getByRole('button', { name: 'Run all' })).toBeVisible();
});

test('run all of a notebook that nothing of has run, and no kernel is open', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(180_000);
  const story = new Story(page, tmpPath);
  story.write(40);
  const count = '%%datum count -i "whole(halves)" -o count\nlen(datum.paths["halves"])';
  const signs = '%%datum signs -i halves -o signs\nlen(datum.path.read_text())';
  const halves = story.cell({ fixed: true, pause: 0.1 });
  story.notebook('%load_ext jupyter_datum', halves, signs, count);
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  const panel = await story.panel();
  const list = panel.getByRole('listbox', { name: 'Transforms' }).getByRole('option');
  await expect(list).toHaveCount(3);
  await panel.getByRole('button', { name: 'Run all' }).click();
  const through = async () => (await list.allInnerTexts()).map(rows);
  await expect
    .poll(through, { timeout: 150_000 })
    .toEqual([
      expect.stringMatching(/^halves 40 joblib$/),
      expect.stringMatching(/^signs 40 from halves · joblib$/),
      expect.stringMatching(/^count 1 from halves · joblib$/)
    ]);
  expect([...story.executions().values()].every(n => n === 1)).toBe(true);

  // One more file: the last one alone would not see it; with what feeds it, it does.
  story.write(41);
  await list.nth(2).click();
  await panel.getByRole('button', { name: 'Run with halves' }).click();
  await expect.poll(through, { timeout: 150_000 }).toEqual([
    expect.stringMatching(/^halves 41 joblib$/),
    // It was not asked for, and says that there is something for it.
    expect.stringMatching(/^signs newer input 40 from halves · joblib$/),
    expect.stringMatching(/^count 1 from halves · joblib$/)
  ]);
  await expect
    .poll(() => story.status('count'), { timeout: 60_000 })
    .toMatchObject({ status: 'success', success: 1 });
});
