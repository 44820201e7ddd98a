/**
 * The run document, the page of a datum, the form of a cell and the view of a plan: axe over each
 * of them, and nothing of it wider than its room.
 */
import { expect, test } from '@jupyterlab/galata';

import { axe, openRecorded, TABS, theme, THEMES } from './looking';
import { Recorded } from './recorded';

// The page must not have its socket before we stand between.
test.use({ autoGoto: false });

test('each tab of a run, in three themes', async ({ page, tmpPath }) => {
  test.setTimeout(300_000); // on a busy machine axe takes seconds a tab
  const run = await openRecorded(page, tmpPath, new Recorded(10_000));
  const found: Record<string, string[]> = {};
  for (const [shade, name] of Object.entries(THEMES)) {
    await theme(page, name);
    // What is built is the same in each theme; its colours are not.
    const rules = shade === 'light' ? 'all' : 'colours';
    for (const tab of TABS) {
      await run.go(tab);
      const wrong = await axe(page, '.jp-datum-document', rules);
      if (wrong.length) {
        found[`${tab}, ${shade}`] = wrong;
      }
    }
  }
  // Side by side each of two documents is a landmark of its own.
  await theme(page, THEMES.light);
  await page.evaluate(
    async ([project, run]) => {
      const { commands, shell } = (window as any).jupyterapp;
      await commands.execute('datum:open-run', { project, run, tab: 'timing' });
      shell.add(shell.currentWidget, 'main', { mode: 'split-right' });
    },
    [run.project, '6'.repeat(32)]
  );
  await expect(run.document.filter({ visible: true })).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'segment · run 6' })).toContainText('p95');
  const both = await axe(page, '.jp-datum-document');
  if (both.length) {
    found['side by side'] = both;
  }
  await page.evaluate(() => (window as any).jupyterapp.shell.currentWidget.close());
  await run.resize(420, 720);
  for (const tab of TABS) {
    await run.go(tab);
    const wide = await run.wide();
    if (wide.length) {
      found[`${tab}, narrow`] = wide;
    }
    // Tabs that have no room leave no hole where they were.
    const begins = await run.document.locator('.jp-datum-tabs').evaluate(list => {
      const { left } = list.getBoundingClientRect();
      const tabs = [...list.children].map(one => one.getBoundingClientRect().left - left);
      return tabs.find(at => at >= -1)!;
    });
    expect(begins, tab).toBeLessThan(8);
  }
  expect(found).toEqual({});
});
