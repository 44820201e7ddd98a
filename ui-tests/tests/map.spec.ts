/** The map of a run of three thousand datums: by pointer, by keys, and down to one datum. */
import { expect, test } from '@jupyterlab/galata';

import { Story } from './story';

const CELL = `%%datum many -i numbers --workers 2 --tries 1
if datum.value in (700, 701, 2500):
    raise ValueError("odd one")`;

test('a failure is found on the map, looked at and opened', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(0);
  story.run(story.notebook('%load_ext jupyter_datum\nnumbers = range(3000)', CELL)); // three fail
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  const panel = await story.panel();
  await expect(panel).toContainText('Run 1');
  await story.command('datum:open-run', { tab: 'map' });
  const map = page.locator('.jp-datum-map-tab');
  await expect(map).toContainText('1 tile = 1 datum');
  await expect(map.locator('.jp-datum-map-foot')).toContainText('2,997');
  await expect(map.getByRole('img')).toHaveAttribute('aria-label', /3 failed, |, 3 failed/);

  // By keys: the next failed one, its card, its words.
  const field = map.getByRole('application');
  await field.focus();
  await page.keyboard.press('n');
  const card = map.locator('.jp-datum-map-card');
  await expect(card).toContainText('ValueError');
  await expect(card).toContainText('701');
  await expect(map.locator('[aria-live]')).toHaveText('datum 701: failed');
  await page.keyboard.press('Shift+ArrowRight');
  const selection = map.getByRole('region', { name: 'Selection' });
  await expect(selection).toContainText('2 datums · 701 … 702');
  await page.keyboard.press('Escape');
  await expect(selection).toHaveCount(0);

  // In other orders what failed, or took longest, comes first.
  await map.getByRole('button', { name: 'state' }).click();
  await field.focus();
  await page.keyboard.press('Home');
  await expect(map.locator('[aria-live]')).toHaveText('datum 701: failed');
  await map.getByRole('button', { name: 'duration' }).click();
  await expect(map.locator('.jp-datum-map-note')).toContainText(/ms … .*ms/);
  await map.getByRole('button', { name: 'input' }).click();

  // By pointer: nearer, a stretch, and one datum of it.
  const box = (await field.boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + 20);
  const scale = await field.locator('canvas').first().getAttribute('aria-label');
  expect(scale).toContain('3,000');
  await map.getByRole('button', { name: 'Look nearer' }).click();
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y + 5, { steps: 5 });
  await page.mouse.up();
  await expect(selection).toContainText(/\d+ datums · [\d,]+ … [\d,]+/);
  await field.focus();
  await page.keyboard.press('Escape');
  await expect(selection).toHaveCount(0);
  await page.keyboard.press('p');
  await expect(card).toContainText('2,501');
  await page.keyboard.press('Enter');
  await expect(page.locator('.jp-datum-detail h1').last()).toContainText('2,501', {
    timeout: 30000
  });
});
