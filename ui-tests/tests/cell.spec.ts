/** A cell's own controls, and a failed datum in the notebook: real kernels, runs and breakpoints. */
import { expect, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import * as fs from 'fs';

import { Story } from './story';

/** Execute a command; return what it gives back. */
async function execute(
  page: IJupyterLabPageFixture,
  command: string,
  args: object = {}
): Promise<any> {
  return page.evaluate(
    ([id, given]) => (window as any).jupyterapp.commands.execute(id, given),
    [command, args] as const
  );
}

/** The first failed datum of the run that the panel shows, as its buttons name it. */
async function failed(page: IJupyterLabPageFixture): Promise<{ project: string; datum: number }> {
  const { project, run } = await execute(page, 'datum:open-run');
  const path = `jupyter-datum/projects/${project}/runs/${run}/datums?state=failed&limit=1`;
  const datums = await page.evaluate(
    async url => (await (await fetch(url)).json()).datums,
    new URL(`/${path}`, page.url()).href
  );
  return { project, datum: datums[0].id };
}

test('a failed datum fails again below its cell, and in a notebook beside it', async ({
  page,
  tmpPath
}) => {
  const story = new Story(page, tmpPath);
  story.write(20);
  await story.open(story.cell());
  await story.panel();
  await page.notebook.runCell(1, true);
  const args = await failed(page);

  const opened = await execute(page, 'datum:open-in-notebook', args);
  expect(opened).toMatchObject({ path: `${tmpPath}/story.ipynb`, scratch: false });
  await page.notebook.activate('story.ipynb');
  await page.notebook.waitForRun();
  const cell = page.locator('.jp-Notebook .jp-CodeCell').nth(2);
  await expect(cell).toContainText('jupyter_datum.replay("halves", "0003.txt")');
  await expect(cell.locator('.jp-OutputArea')).toContainText('ValueError');
  await expect(cell.locator('.jp-OutputArea')).toContainText(`----> ${opened.line}`);
  expect(story.output('0003')).toBeNull();

  // Run all goes on behind it.
  await page.notebook.addCell('code', '40 + 2');
  await page.notebook.run();
  await expect(page.locator('.jp-Notebook .jp-CodeCell').nth(3)).toContainText('42');

  // The edited cell is other code: what failed stands in a notebook of its own.
  await page.notebook.setCell(1, 'code', story.cell({ fixed: true }));
  const beside = await execute(page, 'datum:open-in-notebook', { ...args, execute: false });
  expect(beside).toMatchObject({ path: `${tmpPath}/halves-0003.txt.ipynb`, scratch: true });
  const { cells } = JSON.parse(fs.readFileSync(`${story.folder}/halves-0003.txt.ipynb`, 'utf8'));
  expect(cells[0].source.toString()).toContain('was edited since');
});

test('debug stops on the line that failed, with the datum at hand', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(20);
  await story.open(story.cell());
  await story.panel();
  await page.notebook.runCell(1, true);
  const args = await failed(page);
  const opened = await execute(page, 'datum:debug-datum', args);
  expect(opened.stops).toBe(opened.line);
  await page.notebook.activate('story.ipynb');
  await page.debugger.switchOn().catch(() => undefined);
  const sidebar = page.locator('#jp-debugger-sidebar');
  await expect(sidebar).toContainText('datum', { timeout: 60000 });
  const stopped = page.locator('.jp-DebuggerEditor-highlight');
  await expect(stopped).toContainText('float(', { timeout: 60000 });
  await execute(page, 'debugger:continue');
  await page.notebook.waitForRun();
  const cell = page.locator('.jp-Notebook .jp-CodeCell').nth(2);
  await expect(cell.locator('.jp-OutputArea')).toContainText('ValueError');
});

test('mark a cell, choose its datum, run it; looking changes no byte', async ({
  page,
  tmpPath
}) => {
  const story = new Story(page, tmpPath);
  story.write(20);
  await story.open('datum.stem');
  await page.notebook.save();
  const file = `${story.folder}/story.ipynb`;
  const before = fs.readFileSync(file);
  await page.notebook.selectCells(1);
  await execute(page, 'property-inspector:show-panel');
  const form = page.locator('.jp-MetadataForm', { hasText: 'Input' });
  await expect(form).toContainText('This cell is no transform');
  await execute(page, 'docmanager:save');
  expect(fs.readFileSync(file).equals(before)).toBe(true);

  await execute(page, 'datum:mark-cell', { name: 'stems', input: 'in/*.txt' });
  await expect(form).toContainText('%%datum stems --input in/*.txt');
  await form.getByRole('textbox', { name: 'Workers' }).fill('many');
  await form.getByRole('textbox', { name: 'Workers' }).press('Enter');
  await expect(form.getByRole('alert')).toContainText('many');
  await form.getByRole('textbox', { name: 'Workers' }).fill('2');
  await form.getByRole('textbox', { name: 'Workers' }).press('Enter');
  await expect(form).toContainText('%%datum stems --input in/*.txt --workers 2');

  expect(await execute(page, 'datum:pick-datum', { which: 'first' })).toMatchObject({
    datum: '0000.txt'
  });
  await execute(page, 'datum:pick-datum', { which: 'next' });
  const badge = page.locator('.jp-datum-badge-button');
  await expect(badge).toContainText('datum = 0001.txt');
  await page.notebook.runCell(1, true);
  await expect(page.locator('.jp-Notebook .jp-CodeCell').nth(1)).toContainText("'0001'");
  await execute(page, 'datum:run-this-cell');
  await expect(badge).toContainText('20', { timeout: 60000 });
  await expect(badge).toContainText('run 1');
  await execute(page, 'datum:unmark-cell');
  await expect(badge).toHaveCount(0);
});
