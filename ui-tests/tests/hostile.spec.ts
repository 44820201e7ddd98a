/** Names and messages that would like to be more than text. */
import { expect, test } from '@jupyterlab/galata';
import * as fs from 'fs';
import * as path from 'path';

import { TABS } from './looking';
import { Story } from './story';

const NAMES = ['<img src=x onerror=alert(1)>.txt', 'a\u202egpj.txt', 'b\nc.txt', '$(id)`id`.txt'];

/** As long as a file system lets them be, and bytes that are no text. */
const LONG = `${'wü'.repeat(83)}ww.txt`;
const BYTES = Buffer.from([0x6e, 0xff, 0xfe, 0x2e, 0x74, 0x78, 0x74]);

test('file names, messages and logs are text in every view', async ({ page, tmpPath }) => {
  test.setTimeout(240_000);
  const dialogs: string[] = [];
  page.on('dialog', dialog => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  const story = new Story(page, tmpPath);
  story.write(0);
  for (const name of [...NAMES, LONG]) {
    fs.writeFileSync(path.join(story.folder, 'in', name), '1');
  }
  fs.writeFileSync(Buffer.concat([Buffer.from(path.join(story.folder, 'in/')), BYTES]), '1');
  const cell = [
    '%%datum halves -i "in/*.txt" -o halves --no-probe --tries 1',
    '# <img src=x onerror=alert(4)>',
    'print("<script>alert(2)</script>\\x1b[31mred\\u202e")',
    'raise ValueError("<b id=bold>" + datum.rel + "</b>\\x1b[2J\\u202e\\n<script>alert(3)</script>")'
  ].join('\n');
  await story.open(cell);
  await page.notebook.runCell(1, true);
  const panel = await story.panel();
  await expect(panel.getByRole('button', { name: 'Retry 6', exact: true })).toBeVisible();
  const output = page.locator('.jp-OutputArea').last();
  await expect(output).toContainText('<b id=bold>');
  await panel.getByRole('button', { name: 'Open a failed datum of this group' }).first().click();
  const datum = page.locator('.jp-datum-detail');
  await expect(datum).toContainText('ValueError');
  await expect(datum).toContainText('<script>alert(2)</script>');
  for (let i = 0; i < NAMES.length + 1; i++) {
    await datum.getByRole('button', { name: 'Next failure' }).click();
    await expect(datum).toContainText('ValueError');
  }
  for (const place of [panel, output, datum]) {
    await expect(place.locator('img, script, #bold')).toHaveCount(0);
    expect(await place.innerText()).not.toMatch(/[\u202e\x1b]/);
  }

  await story.command('application:close'); // the page of the datum: the run is to have its room
  const run = page.locator('.jp-datum-document');
  const harmless = async (where: string, place = run) => {
    await expect(place.locator('script, #bold, img[src=x]'), where).toHaveCount(0);
    const text = await place.innerText();
    expect(text, where).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\x1b]/);
    return text;
  };
  const told: Record<string, string> = {};
  for (const tab of TABS) {
    await story.command('datum:open-run', { tab });
    await expect(run.locator(`.jp-datum-tabpanel[data-tab=${tab}]`)).not.toContainText('Reading');
    if (tab === 'map') {
      await run.getByRole('application').focus();
      await page.keyboard.press('n');
      await expect(run.locator('.jp-datum-map-card')).toContainText('ValueError');
    } else if (tab === 'table' || tab === 'spec') {
      // What comes after the frame of the tab: rows, and the text of the cell.
      await expect(run.locator(`.jp-datum-tabpanel[data-tab=${tab}]`)).toContainText('onerror');
    } else if (tab === 'failures') {
      await expect(run.locator('.jp-datum-detail')).toContainText('ValueError');
    }
    told[tab] = await harmless(tab);
    const wide = await run.evaluate(node =>
      [...node.querySelectorAll('.jp-datum-document-head, .jp-datum-tabpanel')].map(
        part => part.scrollWidth - part.clientWidth
      )
    );
    expect(Math.max(...wide), tab).toBeLessThanOrEqual(0);
  }
  expect(told.table).toContain('<img src=x onerror=alert(1)>.txt');
  expect(told.table).toContain('a\\u202egpj.txt');
  expect(told.table).toMatch(/n\\xff\\xfe\.txt/);
  expect(told.spec).toContain('<img src=x onerror=alert(4)>');
  await story.command('datum:plan', { name: 'halves' });
  await expect(panel.locator('[data-section=plan]')).toContainText('6', { timeout: 60000 });
  await harmless('plan', panel);
  expect(dialogs).toEqual([]);
});
