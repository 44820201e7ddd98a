/** A cell's own controls, and a failed datum in the notebook: real kernels, runs and breakpoints. */
import { expect as expectSoon, test } from '@jupyterlab/galata';
import * as fs from 'fs';

import { accessible, theme, THEMES } from './looking';
import { redPixel } from './panel';
import { Story } from './story';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

test('mark a cell, plan, run, fail, group, open in notebook, fix, retry to green', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  story.write(20);
  const body = (fixed: boolean) => story.cell({ fixed }).replace(/^%%datum.*\n/, '');
  await story.open(body(false));
  await page.notebook.save();
  const file = `${story.folder}/story.ipynb`;
  const before = fs.readFileSync(file);

  // Looking at the form of a cell changes no byte of the notebook.
  await page.notebook.selectCells(1);
  await story.command('property-inspector:show-panel');
  await page.locator('.jp-Collapse-header', { hasText: 'Transform' }).click();
  const form = page.locator('.jp-MetadataForm', { has: page.locator('.jp-datum-form-state') });
  await expect(form).toContainText('This cell is no transform');
  await story.command('docmanager:save');
  expect(fs.readFileSync(file).equals(before)).toBe(true);

  // Marked: a name, an input; what cannot be is said beside its field.
  const marking = story.command('datum:mark-cell');
  await page.getByRole('dialog').getByRole('textbox').fill('halves');
  await page.keyboard.press('Enter');
  await marking;
  await expect(form.getByRole('textbox', { name: 'Input' })).toBeFocused();
  const enter = async (name: string, text: string) => {
    await form.getByRole('textbox', { name }).fill(text);
    await form.getByRole('textbox', { name }).press('Enter');
  };
  await enter('Input', 'in/*.txt');
  await enter('Output folder', 'halves');
  await enter('Workers', 'many');
  await expect(form.getByRole('alert')).toContainText('many');
  await enter('Workers', '2');
  const line = '%%datum halves --input in/*.txt --output halves --workers 2';
  await expect(form).toContainText(line);
  await accessible(page, '.jp-datum-form-state');
  await accessible(page, '.jp-datum-badge');
  await theme(page, THEMES.contrast);
  for (const part of ['.jp-MetadataForm', '.jp-datum-badge']) {
    await accessible(page, part, 'colours');
  }
  await theme(page, THEMES.light);

  // A datum is bound in the kernel, and the cell runs on it as any cell does.
  expect(await story.command('datum:pick-datum', { which: 'first' })).toMatchObject({
    datum: '0000.txt'
  });
  await story.command('datum:pick-datum', { which: 'next' });
  const badge = page.locator('.jp-datum-badge-button');
  await expect(badge).toContainText('datum = 0001.txt');

  const panel = await story.panel();
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const planned = panel.locator('[data-section=plan]');
  await expect(planned.locator('.jp-datum-figure')).toHaveText('20of 20 would run');
  await planned.getByRole('button', { name: 'Run these 20' }).click();
  await expect(badge).toContainText('2 failed', { timeout: 60_000 });
  await expect(badge).toContainText('run 1');

  // From the group to the datum, and into the notebook: there it fails again, on the same line.
  await panel.getByRole('button', { name: 'Open a failed datum of this group' }).first().click();
  const datum = page.locator('.jp-datum-detail');
  await expect(datum.locator('h1')).toContainText('0003.txt');
  await expect(page.locator('.jp-NotebookPanel')).toBeHidden(); // there is no room for both
  await datum.getByRole('button', { name: 'Open in notebook' }).click();
  await page.notebook.activate('story.ipynb');
  const replay = page.locator('.jp-Notebook .jp-CodeCell').nth(2);
  await expect(replay).toContainText('jupyter_datum.replay("halves", "0003.txt")');
  const output = replay.locator('.jp-OutputArea');
  await expect(output).toContainText('could not convert string to float', { timeout: 60_000 });
  await expect(output).toContainText(/-> \d+ value = float\(text\)/);
  expect(story.output('0003')).toBeNull();

  // The edited cell is other code: what failed would stand in a notebook of its own.
  await page.notebook.setCell(1, 'code', body(true));
  await expect(badge).toContainText('edited since');
  const beside = await story.command('datum:open-in-notebook', { execute: false });
  expect(beside).toMatchObject({ path: `${tmpPath}/halves-0003.txt.ipynb`, scratch: true });
  const { cells } = JSON.parse(fs.readFileSync(`${story.folder}/halves-0003.txt.ipynb`, 'utf8'));
  expect(cells[0].source.toString()).toContain('was edited since');

  await page.notebook.activate('story.ipynb');
  await panel.getByRole('button', { name: 'Retry 2 with the edited cell' }).click();
  await expect.poll(() => story.output('0003'), { timeout: 60_000 }).toBe('1.75');
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  await expect(badge).not.toContainText('failed');
  expect(story.status()).toMatchObject({ status: 'success', success: 2 });
});

test('from a red pixel of the map into that very datum under the debugger', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  story.write(20);
  await story.open(story.cell());
  await story.panel();
  await page.notebook.runCell(1, true);
  await story.command('datum:open-run', { tab: 'map' });
  const map = page.locator('.jp-datum-map-tab');
  await expect(map.locator('.jp-datum-map-foot')).toContainText('18');
  const place = await redPixel(map.getByRole('img'));
  await map.getByRole('application').click({ position: place });
  const card = map.locator('.jp-datum-map-card');
  await expect(card).toContainText('ValueError');
  await expect(card).toContainText('0003.txt');
  await card.getByRole('button', { name: 'open' }).click();
  const datum = page.locator('.jp-datum-detail');
  await expect(datum.locator('h1').last()).toContainText('0003.txt');
  await datum.getByRole('button', { name: 'Debug' }).click();

  // It stands on the line that failed; its variables are at hand.
  const sidebar = page.locator('#jp-debugger-sidebar');
  await expect(sidebar).toContainText('datum', { timeout: 60_000 });
  const stopped = page.locator('.jp-DebuggerEditor-highlight');
  await expect(stopped).toContainText('value = float(text)', { timeout: 60_000 });
  await expect(sidebar).toContainText('3,5');
  await story.command('debugger:continue');
  const output = page.locator('.jp-Notebook .jp-CodeCell').nth(2).locator('.jp-OutputArea');
  await expect(output).toContainText('ValueError', { timeout: 60_000 });
  expect(story.output('0003')).toBeNull();
});
