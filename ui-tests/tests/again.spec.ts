/** After a reload all is as it was left; and what was opened once is not made twice. */
import { expect, test } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';
import * as fs from 'fs';

import { Files } from './files';
import { panelOf } from './panel';
import { Server } from './server';

const SUMS = '%%datum sums -i halves --workers 2\n1';

/** A story of two transforms that has run, with two failures in the first. */
function told(server: Server): Files {
  const files = new Files(server.root);
  files.write(20);
  files.run(files.notebook('%load_ext jupyter_datum', files.cell(), SUMS));
  return files;
}

/** The transform that the panel is about. */
const chosen = (panel: Locator) => panel.locator('[data-datum-name][aria-selected=true]');

async function loaded(page: Page, address?: string): Promise<Locator> {
  await (address ? page.goto(address) : page.reload());
  // The run document may stand before it.
  await expect(page.locator('.jp-Notebook .jp-CodeCell').first()).toBeAttached({ timeout: 60000 });
  return panelOf(page);
}

for (const app of ['lab', 'notebook']) {
  test(`the chosen transform, Run with and the pages stand after a reload, in ${app}`, async ({
    page
  }) => {
    test.setTimeout(300_000);
    const server = await Server.start({ app });
    try {
      told(server);
      const place = app === 'lab' ? 'lab/tree' : 'notebooks';
      let panel = await loaded(page, server.url(`${place}/story.ipynb`));
      await panel.getByRole('option', { name: /sums/ }).first().click();
      await expect(chosen(panel)).toHaveAttribute('data-datum-name', 'sums');
      const engine = () => panel.getByLabel('Engine');
      await engine().selectOption('serial');
      await panel.getByRole('button', { name: 'Open the run' }).first().click();
      const document = page.locator('.jp-datum-document');
      await document.getByRole('tab', { name: 'Table' }).click();
      const failures = panel.getByRole('button', { name: 'Open a failed datum of this group' });
      await panel.getByRole('option', { name: /halves/ }).first().click();
      await failures.first().click();
      const datum = page.locator('.jp-datum-detail');
      await expect(datum.locator('h1')).toContainText('0003');
      await datum.locator('h1').press('n');
      await expect(datum.locator('h1')).toContainText('0013');
      await panel.getByRole('option', { name: /sums/ }).first().click();
      await page.waitForTimeout(2000); // JupyterLab saves its state with a delay
      panel = await loaded(page);
      await expect(chosen(panel)).toHaveAttribute('data-datum-name', 'sums', { timeout: 30000 });
      await expect(engine()).toHaveValue('serial');
      // In Notebook 7 one of the two stands behind the other, and is drawn when it is shown.
      await page.getByRole('tab', { name: 'sums · run' }).click();
      await expect(document.locator('h1')).toHaveText('sums', { timeout: 30000 });
      await expect(document.getByRole('tab', { name: 'Table' })).toHaveAttribute(
        'aria-selected',
        'true'
      );
      await page.getByRole('tab', { name: '0013' }).click();
      await expect(datum.locator('h1')).toContainText('0013');
    } finally {
      server.close();
    }
  });
}

test('a failed datum opens in one notebook of its own, however often, in Notebook 7', async ({
  page,
  context
}) => {
  test.setTimeout(300_000);
  const server = await Server.start({ app: 'notebook' });
  try {
    const files = told(server);
    files.notebook('%load_ext jupyter_datum', files.cell({ fixed: true }), SUMS);
    const panel = await loaded(page, server.url('notebooks/story.ipynb'));
    await panel.getByRole('option', { name: /halves/ }).first().click();
    const group = panel.getByRole('button', { name: 'Open a failed datum of this group' }).first();
    await group.click();
    const detail = page.locator('.jp-datum-detail');
    for (let times = 0; times < 2; times++) {
      const opens = context.waitForEvent('page', { timeout: 30000 });
      await detail.getByRole('button', { name: 'Open in notebook' }).click();
      const scratch = await opens;
      await expect(scratch.locator('.jp-Notebook')).toContainText('jupyter_datum.replay("halves"', {
        timeout: 60000
      });
      expect(scratch.url()).toContain('halves-0003.txt.ipynb');
      await scratch.close();
    }
    const made = fs.readdirSync(server.root).filter(name => name.startsWith('halves-'));
    expect(made).toEqual(['halves-0003.txt.ipynb']);
  } finally {
    server.close();
  }
});
