/** The whole story without a mouse: run, find the failure, open it, mend the cell, retry. */
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { Story } from './story';

/** Press Tab until what has the focus is called `name`. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < 60; presses++) {
    const here = await page.evaluate(() => {
      const node = document.activeElement;
      return node?.getAttribute('aria-label') ?? node?.textContent ?? '';
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
  await tabTo(page, /in\/0003|0003\.txt/);
  await page.keyboard.press('Enter');
  const datum = page.locator('.jp-datum-detail');
  await expect(datum).toContainText('could not convert string to float');
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
  expect(story.status()).toMatchObject({ status: 'success', success: 2 });
});
