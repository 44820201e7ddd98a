/** Several notebooks that are open side by side. */
import { expect, test } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { Files } from './files';
import { Server } from './server';

test('each open notebook has its badges, and not the one in front alone', async ({ page }) => {
  test.setTimeout(300_000);
  const server = await Server.start({ exposed: true });
  try {
    const files = new Files(server.root);
    files.write(20);
    files.run(files.notebook('%load_ext jupyter_datum', files.cell())); // two of them fail
    const text = fs.readFileSync(path.join(server.root, 'story.ipynb'), 'utf-8');
    const other = text.replace(/%%datum halves/g, '%%datum thirds');
    fs.writeFileSync(path.join(server.root, 'other.ipynb'), other);
    await page.goto(server.url('lab/tree/story.ipynb'));
    const badges = page.locator('.jp-datum-badge-button:visible');
    await expect(badges).toContainText(['2 failed'], { timeout: 120_000 });
    await page.evaluate(() =>
      (window as any).jupyterapp.commands.execute('docmanager:open', {
        path: 'other.ipynb',
        options: { mode: 'split-right' }
      })
    );
    await expect(badges).toContainText(['2 failed', 'not run yet'], { timeout: 60_000 });
    // A run of the notebook that is not in front is seen in its badge.
    for (const stem of ['0003', '0013']) {
      fs.writeFileSync(path.join(server.root, 'in', `${stem}.txt`), '3');
    }
    files.run(path.join(server.root, 'story.ipynb'));
    await expect(badges.first()).toContainText('run 2', { timeout: 60_000 });
    await expect(badges.first()).not.toContainText('failed');
    await expect(badges.nth(1)).toContainText('not run yet');
  } finally {
    server.close();
  }
});
