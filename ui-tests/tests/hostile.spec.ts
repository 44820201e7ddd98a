/** Names and messages that would like to be more than text. */
import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';
import * as path from 'path';

import { Story } from './story';

const NAMES = ['<img src=x onerror=alert(1)>.txt', 'a\u202egpj.txt', 'b\nc.txt', '$(id)`id`.txt'];

test('file names, messages and logs are text, whatever they hold', async ({ page, tmpPath }) => {
  const dialogs: string[] = [];
  page.on('dialog', dialog => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const story = new Story(page, tmpPath);
  story.write(0);
  for (const name of NAMES) {
    fs.writeFileSync(path.join(story.folder, 'in', name), '1');
  }
  const cell = [
    '%%datum halves -i "in/*.txt" --no-probe',
    'print("<script>alert(2)</script>\\x1b[31mred")',
    'raise ValueError("<b id=bold>" + datum.rel + "</b>\\x1b[2J\\u202e")'
  ].join('\n');
  await story.open(cell);
  await page.notebook.runCell(1, true);
  const panel = await story.panel();
  await expect(panel.getByRole('button', { name: 'Retry 4', exact: true })).toBeVisible();
  const output = page.locator('.jp-OutputArea').last();
  await expect(output).toContainText('<b id=bold>');
  await panel.getByRole('button', { name: 'Open a failed datum of this group' }).first().click();
  const datum = page.locator('.jp-datum-detail');
  await expect(datum).toContainText('ValueError');
  await expect(datum).toContainText('<script>alert(2)</script>');
  for (let i = 0; i < NAMES.length - 1; i++) {
    await datum.getByRole('button', { name: 'Next failure' }).click();
    await expect(datum).toContainText('ValueError');
  }
  for (const place of [panel, output, datum]) {
    await expect(place.locator('img, script, #bold')).toHaveCount(0);
    expect(await place.innerText()).not.toMatch(/[\u202e\x1b]/);
  }
  expect(dialogs).toEqual([]);
});
