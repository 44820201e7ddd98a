/**
 * The README's pictures, of the real product: `jlpm bench readme.spec.ts` leaves `panel-light.png`
 * (the quick start in its midst) and `panel-dark.png` (its end, and the page of a datum that
 * failed) in `ui-tests/pictures`. Look at them, make palettes of them, and copy them to `docs`.
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

async function dark(page: Page): Promise<void> {
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.locator('.lm-Menu-itemLabel', { hasText: /^Theme$/ }).hover();
  await page.getByText('JupyterLab Dark', { exact: true }).click();
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-light', 'false');
}

async function open(page: Page, server: Server): Promise<void> {
  fs.copyFileSync(NOTEBOOK, path.join(server.root, 'quickstart.ipynb'));
  await page.goto(`${server.url('lab/tree/quickstart.ipynb')}&reset`); // no tabs of another time
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
  await page.waitForTimeout(2000); // the layout is restored
  await page.getByRole('button', { name: 'No', exact: true }).click(); // no news
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

test('the pictures of the README', async ({ page }) => {
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
    await expect(panel.locator('[data-section=run]')).toContainText('done with failures', {
      timeout: 300_000
    });
    await dark(page);
    await panel.locator('[data-command="datum:open-datum"]').first().click();
    await expect(page.locator('.jp-datum-detail')).toContainText('Traceback');
    await shot(page, 'panel-dark');
  } finally {
    server.close();
  }
});
