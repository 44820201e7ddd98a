/** Who may look and not act; and a notebook from somebody else, opened and not trusted. */
import { expect, test } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { Files } from './files';
import { panelOf } from './panel';
import { Server } from './server';

test('who may not execute sees all, and is told so by one sentence', async ({ page }) => {
  const module = [
    'from jupyter_server.auth import Authorizer',
    'class Guest(Authorizer):',
    '    def is_authorized(self, handler, user, action, resource):',
    '        return action != "execute"'
  ].join('\n');
  const server = await Server.start({ authorizer: module });
  try {
    const files = new Files(server.root);
    files.write(20);
    files.run(files.notebook('%load_ext jupyter_datum', files.cell())); // two of them fail
    await page.goto(server.url('lab/tree/story.ipynb'));
    const panel = await panelOf(page);
    const retry = panel.getByRole('button', { name: 'Retry 2', exact: true });
    await expect(retry).toBeVisible({ timeout: 30000 });
    const told = page.locator('.Toastify__toast, .jp-toast-message');
    for (const button of [retry, panel.getByRole('button', { name: 'Run', exact: true })]) {
      await button.click();
      await expect(told.first()).toContainText(/may not|forbidden|not allowed|not permitted/i);
      await page.waitForTimeout(300);
    }
    expect(files.executions().get('0003')).toBe(1);
    expect(files.status()).toMatchObject({ status: 'failed', success: 18, failed: 2 });
  } finally {
    server.close();
  }
});

test('a notebook that is not trusted: nothing of it runs', async ({ page }) => {
  const server = await Server.start();
  try {
    const files = new Files(server.root);
    files.write(3);
    const dialogs: string[] = [];
    page.on('dialog', dialog => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const posts: string[] = [];
    page.on('request', request => {
      if (request.method() === 'POST' && request.url().includes('/jupyter-datum/')) {
        posts.push(request.url());
      }
    });
    fs.writeFileSync(path.join(server.root, 'story.ipynb'), JSON.stringify(hostile(files)));
    await page.goto(server.url('lab/tree/story.ipynb'));
    await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 60000 });
    await panelOf(page);
    await expect(page.locator('.jp-datum-output')).toBeVisible();
    await page.waitForTimeout(2000);
    expect(files.executions().size).toBe(0);
    expect(fs.existsSync(path.join(server.root, '.datum'))).toBe(false);
    expect(dialogs).toEqual([]);
    expect(posts).toEqual([]);
    await expect(page.locator('.jp-datum-output img, .jp-datum-output script')).toHaveCount(0);
  } finally {
    server.close();
  }
});

/** A transform cell that has "run" elsewhere, with a bundle of our type that was made up. */
function hostile(files: Files): object {
  const evil = '<img src=x onerror=alert(1)>';
  const bundle = {
    project: 'a'.repeat(32),
    run: 'b'.repeat(32),
    name: evil,
    status: evil,
    counts: { total: 3, failed: 3, success: -1, skipped: evil },
    command: 'datum:run'
  };
  const data = {
    'application/vnd.jupyter-datum+json': bundle,
    'text/html': `<b id=bold data-commandlinker-command="datum:run">${evil}</b>`,
    'text/plain': evil
  };
  const cell = {
    cell_type: 'code',
    id: 'cell-0',
    metadata: { datum: { name: 'halves', input: { glob: 'in/*.txt' }, run: true }, trusted: false },
    execution_count: 1,
    outputs: [{ output_type: 'display_data', data, metadata: {} }],
    source: files.cell()
  };
  const metadata = { kernelspec: { name: 'python3', display_name: 'python3', language: 'python' } };
  return { cells: [cell], metadata, nbformat: 4, nbformat_minor: 5 };
}
