/** Settings that stand in the user's own file: the settings editor writes them there. */
import { expect as expectSoon, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { Server } from './server';

const expect = expectSoon.configure({ timeout: 60_000 });

async function idleTime(page: Page) {
  await page.waitForFunction(() => (window as any).jupyterapp !== undefined);
  await page.evaluate(async () => {
    const app = (window as any).jupyterapp;
    await app.restored;
    await app.commands.execute('settingeditor:open', { query: 'Datums' });
  });
  return page.locator('input[id$=_idle]').first();
}

test('what is typed goes into the file, and nothing else', async ({
  page
}) => {
  test.setTimeout(300_000);
  const server = await Server.start({ exposed: true });
  const file = path.join(server.config, 'jupyter_datum.toml');
  try {
    await page.goto(server.url('lab'));
    const first = await idleTime(page);
    await expect(first).toHaveValue('10min');
    await first.fill('45s');
    await expect.poll(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8')).toBe(
      '[runner]\nidle = "45s"\n'
    );
  } finally {
    server.close();
  }
});
