/**
 * In German: with a language pack on the server's path, as a user installs one, JupyterLab shows
 * the panel and the run document in the language that our own package ships.
 */
import { expect, test } from '@playwright/test';

import { Files } from './files';
import { panelOf } from './panel';
import { Server } from './server';

test('a language pack for the rest of JupyterLab is enough for ours', async ({ page }) => {
  test.setTimeout(300_000);
  const server = await Server.start({ language: 'de_DE' });
  try {
    const files = new Files(server.root);
    files.write(20);
    files.run(files.notebook('%load_ext jupyter_datum', files.cell())); // two of them fail
    const answers = page.waitForResponse(/\/lab\/api\/translations\/de_DE/);
    await page.goto(server.url('lab/tree/story.ipynb'));
    const { data } = await (await answers).json();
    expect(Object.keys(data).sort()).toEqual(['jupyter_datum', 'jupyterlab']);
    const panel = await panelOf(page);
    await expect(page.locator('html')).toHaveAttribute('lang', /^de/);
    await expect(panel.getByRole('heading', { name: /^Fehler/ })).toBeVisible();
    await expect(panel.getByRole('button', { name: '2 erneut versuchen', exact: true })).toBeVisible();
    await expect(panel).toContainText('2 Fehler');
    await expect(panel.getByRole('button', { name: 'Ausführen', exact: true })).toBeVisible();
    await panel.locator('.jp-datum-transform').first().click();
    await page.locator('.jp-datum-badge-button').click({ modifiers: ['Shift'] });
    const document = page.locator('.jp-datum-document');
    await expect(document.getByRole('tab').first()).toHaveText('Überblick');
    expect(await document.getByRole('tab').allTextContents()).not.toContain('Overview');
  } finally {
    server.close();
  }
});
