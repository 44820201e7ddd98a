/**
 * The README's first picture, of the real product: `jlpm bench readme.spec.ts` leaves
 * `panel-light.png` (the quick start in its midst) in `ui-tests/pictures`. Look at it, make a palette
 * of it, and copy it to `docs`. The others are those of the guide (guide.spec.ts).
 */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { panelOf } from '../tests/panel';
import { Server } from '../tests/server';

const PICTURES = path.join(__dirname, '..', 'pictures');
const NOTEBOOK =
  process.env.DATUM_QUICKSTART ?? path.join(__dirname, '..', '..', 'notebooks', 'quickstart.ipynb');

test.use({ viewport: { width: 1280, height: 760 }, deviceScaleFactor: 1.5 });

async function open(page: Page, server: Server): Promise<void> {
  fs.copyFileSync(NOTEBOOK, path.join(server.root, 'quickstart.ipynb'));
  await page.goto(`${server.url('lab/tree/quickstart.ipynb')}&reset`); // no tabs of another time
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
  await page.waitForTimeout(2000); // the layout is restored
  const news = page.getByRole('button', { name: 'No', exact: true });
  await news.click({ timeout: 8000 }).catch(() => undefined); // where nobody asks, all the better
  const panel = await panelOf(page);
  const size = (await panel.boundingBox())!;
  await page.mouse.move(size.x + size.width + 1, 400);
  await page.mouse.down();
  await page.mouse.move(size.x + 325, 400, { steps: 5 });
  await page.mouse.up();
}

async function shot(page: Page, name: string): Promise<void> {
  await page.mouse.move(640, 750);
  await page.waitForTimeout(300);
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}

async function execute(page: Page, at: number): Promise<void> {
  const cell = page.locator('.jp-Notebook .jp-CodeCell').nth(at);
  await cell.locator('.cm-content').click();
  await page.keyboard.press('Control+Enter');
}

test('the picture of the README', async ({ page }) => {
  test.setTimeout(600_000);
  const server = await Server.start();
  try {
    await open(page, server);
    await execute(page, 0);
    await execute(page, 1);
    const panel = page.locator('#jupyter-datum-panel');
    const percent = panel.locator('[data-section=run] .jp-datum-percent');
    await expect(percent).toHaveText(/^[56]\d\.\d%$/, { timeout: 300_000 });
    await shot(page, 'panel-light');
  } finally {
    server.close();
  }
});
