/**
 * The pictures of docs/panel.md, of the real product: `jlpm bench guide.spec.ts` runs the mosaic
 * notebook (it needs the extra `demo`), fails, opens, debugs, heals, and leaves a picture of each
 * step in `ui-tests/pictures`. Look at them, make palettes of them, and copy them to `docs/panel`.
 */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { panelOf } from '../tests/panel';
import { Server } from '../tests/server';

const PICTURES = path.join(__dirname, '..', 'pictures');
const NOTEBOOK =
  process.env.DATUM_MOSAIC ?? path.join(__dirname, '..', '..', 'notebooks', 'mosaic.ipynb');
/** Code cells of the notebook: photographs, places, constants, the transform. */
const CELLS = 4;

test.use({ viewport: { width: 1360, height: 820 }, deviceScaleFactor: 1.5 });

/** Execute a JupyterLab command, as a button or the palette would. */
function command(page: Page, id: string, args: object = {}): Promise<any> {
  return page.evaluate(
    ([name, given]) => (window as any).jupyterapp.commands.execute(name, given),
    [id, args] as const
  );
}

async function open(page: Page, server: Server): Promise<void> {
  const notebook = JSON.parse(fs.readFileSync(NOTEBOOK, 'utf8'));
  // Up to the transform: the notebook goes on with the mended cell, which the test types itself.
  const last = notebook.cells.findIndex((cell: any) => cell.source.join('').includes('%%datum'));
  notebook.cells = notebook.cells.slice(0, last + 1);
  notebook.cells.forEach((cell: any) => (cell.outputs = cell.outputs && []));
  fs.writeFileSync(path.join(server.root, 'mosaic.ipynb'), JSON.stringify(notebook));
  await page.goto(`${server.url('lab/tree/mosaic.ipynb')}&reset`);
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
  await page.waitForTimeout(2000); // the layout is restored
  const news = page.getByRole('button', { name: 'No', exact: true });
  await news.click({ timeout: 8000 }).catch(() => undefined); // where nobody asks, all the better
  const panel = await panelOf(page);
  const size = (await panel.boundingBox())!;
  await page.mouse.move(size.x + size.width + 1, 400);
  await page.mouse.down();
  await page.mouse.move(size.x + 310, 400, { steps: 5 });
  await page.mouse.up();
}

async function shot(page: Page, name: string): Promise<void> {
  for (const toast of await page.getByRole('button', { name: /^(Hide|Dismiss)/ }).all()) {
    await toast.click({ timeout: 1000 }).catch(() => undefined);
  }
  await page.waitForTimeout(1500);
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}

/** Execute the code cells up to one. */
async function execute(page: Page, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    await page.locator('.jp-Notebook .jp-CodeCell').nth(at).locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
    await page.waitForTimeout(500);
  }
}

test('the pictures of the guide', async ({ page }) => {
  test.setTimeout(600_000);
  const server = await Server.start({ exposed: true });
  try {
    await open(page, server);
    await command(page, 'apputils:change-theme', { theme: 'JupyterLab Light' });
    await execute(page, 0, CELLS);
    const panel = page.locator('#jupyter-datum-panel');
    const section = panel.locator('[data-section=run]');
    await expect(section).toContainText('done with failures', { timeout: 300_000 });
    const tab = (name: string, more: object = {}) =>
      command(page, 'datum:open-run', { tab: name, ...more });
    await command(page, 'datum:select-transform', { name: 'tiles' });
    await tab('failures');
    await expect(page.locator('.jp-datum-document .jp-datum-detail-body')).toBeVisible();
    await shot(page, 'guide-failures');
    await tab('map');
    await page
      .locator('.jp-datum-document canvas')
      .first()
      .hover({ position: { x: 300, y: 260 } });
    await shot(page, 'guide-map');
    await tab('table', { filter: 'm.stops:>2' });
    await shot(page, 'guide-table');
    await tab('timing');
    await shot(page, 'guide-timing');
    await command(page, 'datum:debug-datum');
    await expect(page.locator('.jp-DebuggerEditor-highlight')).toContainText('log2', {
      timeout: 60_000
    });
    await expect(page.locator('#jp-debugger-sidebar')).toContainText('signal', {
      timeout: 60_000
    });
    await shot(page, 'guide-debug');
    await command(page, 'debugger:continue');
    await page.waitForTimeout(1500);
    await page.evaluate(() =>
      (window as any).jupyterapp.shell.activateById(
        [...(window as any).jupyterapp.shell.widgets('main')].find(
          one => one?.content?.model?.cells
        ).id
      )
    );
    await heal(page);
    await expect(section).toContainText('done', { timeout: 120_000 });
    await expect(panel.locator('[data-section=failures]')).toContainText('none', {
      timeout: 60_000
    });
    await tab('overview');
    await shot(page, 'guide-green');
    await command(page, 'datum:show-lineage', { path: 'tiles/flower-15-00.png' });
    await expect(page.locator('.jp-datum-document [role=tree]')).toBeVisible();
    await shot(page, 'guide-lineage');
  } finally {
    server.close();
  }
});

/** Mend the line that fails, and retry the failed datums with the edited cell. */
async function heal(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { currentWidget } = (window as any).jupyterapp.shell;
    const widgets = [...(window as any).jupyterapp.shell.widgets('main')];
    const notebook = [currentWidget, ...widgets].find(one => one?.content?.model?.cells);
    for (const cell of notebook.content.model.cells) {
      const source: string = cell.sharedModel.getSource();
      if (source.startsWith('%%datum tiles') && !source.includes('--only')) {
        cell.sharedModel.setSource(
          source.replace('tile.mean() - BLACK', 'max(tile.mean() - BLACK, 1)')
        );
      }
    }
  });
  await page.waitForTimeout(1500);
  await command(page, 'datum:retry-edited');
}
