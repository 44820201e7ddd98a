/** The panel in a page of a server of a test's own. */
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';

/** The panel with a run in it, wherever this front end has it. */
export async function panelOf(page: Page): Promise<Locator> {
  const panel = page.locator('#jupyter-datum-panel');
  await expect(panel).toBeAttached({ timeout: 60000 });
  // JupyterLab restores its layout once it stands, and may fold what was opened before.
  await expect(async () => {
    if (!(await panel.isVisible())) {
      await open(page);
    }
    await page.waitForTimeout(300);
    await expect(panel).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 30000 });
  return panel;
}

async function open(page: Page): Promise<void> {
  const tab = page.locator('[data-id="jupyter-datum-panel"]');
  if (await tab.count()) {
    await tab.first().click();
    return;
  }
  await page.getByRole('menuitem', { name: 'View' }).click();
  await page.getByText('Right Sidebar', { exact: true }).hover();
  await page.getByText('Show Datums', { exact: false }).click();
}
