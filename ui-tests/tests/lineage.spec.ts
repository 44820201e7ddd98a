/** From an output in the file browser to its raw file and its code; who used a file. */
import { expect, test } from '@jupyterlab/galata';
import * as path from 'path';

import { accessible, theme, THEMES } from './looking';
import { Story } from './story';

const PICTURES = path.join(__dirname, '..', 'pictures');

test('a datum and its history; right click on an output: which raw file, which code', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(240_000);
  const story = new Story(page, tmpPath);
  story.write(4);
  await story.open(story.cell({ fixed: true }));
  await page.notebook.runCell(1, true);
  const thirds = story.cell({ fixed: true }).replace('value / 2', 'value / 3');
  await page.notebook.setCell(1, 'code', thirds);
  await page.notebook.runCell(1, true);
  await page.notebook.addCell(
    'code',
    '%%datum doubled -i halves -o doubled\ndatum.out_file(".two").write_text("2")'
  );
  await page.notebook.runCell(2, true);

  // The page of a datum: its history with what differs, what it was made from, what of it.
  const panel = await story.panel();
  await panel.getByTitle(/^halves:/).click();
  await story.command('datum:open-datum', { position: 1 });
  const detail = page.locator('.jp-datum-detail');
  await expect(detail.locator('[data-part=history] tbody tr')).toHaveCount(2);
  await expect(detail.locator('[data-part=diff] [data-sign=plus]').last()).toContainText(
    'value / 3'
  );
  await expect(detail.locator('[data-part=lineage]')).toContainText('0001.txt');
  await page.screenshot({ path: path.join(PICTURES, 'datum-history.png') });
  await accessible(page, '.jp-datum-detail');
  await detail.getByRole('button', { name: /of doubled/ }).click();
  await expect(detail.locator('h1')).toContainText('0001');
  await detail.getByRole('button', { name: /of halves/ }).click();
  await expect(detail.locator('[data-part=history] tbody tr')).toHaveCount(2);

  await page.notebook.activate('story.ipynb');
  await page.notebook.addCell(
    'code',
    '%%datum together -i whole(transform("doubled")) -o together\nlen(datum.paths)'
  );
  await page.notebook.runCell(3, true);

  await page.sidebar.openTab('filebrowser'); // the panel stands in its place
  await page.filebrowser.openDirectory(`${tmpPath}/doubled`);
  const item = page.locator('.jp-DirListing-item[data-isdir="false"]').first();
  await item.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Show Datum Lineage' }).click();
  const tab = page.locator('.jp-datum-origins');
  const row = (name: string | RegExp) => tab.getByRole('treeitem').filter({ hasText: name });
  await expect(row(/^success doubled/)).toHaveAttribute('aria-selected', 'true');
  await expect(row('0000.txt').first()).toBeVisible();
  await expect(tab.locator('[data-kind=transform]')).toHaveCount(3);
  await expect(tab.locator('[aria-current=true]')).toContainText('doubled');

  // The code that made what this was made of, beside the one before.
  await row(/^success halves/).click();
  await expect(tab.locator('.jp-datum-past-row')).toHaveCount(2);
  await expect(tab.locator('[data-part=sides] [data-sign=plus]').last()).toContainText('value / 3');
  await expect(tab.locator('[data-part=sides] [data-sign=minus]').last()).toContainText(
    'value / 2'
  );
  await accessible(page, '.jp-datum-origins');
  await page.screenshot({ path: path.join(PICTURES, 'lineage-light.png') });
  await theme(page, THEMES.dark);
  await accessible(page, '.jp-datum-origins', 'colours');
  await page.screenshot({ path: path.join(PICTURES, 'lineage-dark.png') });

  // By keys alone: up to the raw file, and who else has used it.
  await row(/^success halves/).focus();
  await page.keyboard.press('Home');
  await expect(row('0000.txt').first()).toBeFocused();
  await tab.getByRole('button', { name: 'Show datums that used this file' }).press('Enter');
  await expect(tab.locator('.jp-datum-user')).toHaveCount(1);
  await accessible(page, '.jp-datum-origins');
  await tab.locator('.jp-datum-user').press('Enter');
  await expect(row(/^success halves/)).toHaveAttribute('aria-selected', 'true');

  // Along the edges of the picture to the run of the transform that feeds this one.
  await tab.locator('[data-node][tabindex="0"]').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  const shown = page.locator('.jp-datum-document:visible');
  await expect(shown.locator('h1')).toHaveText('halves');
  await expect(shown.locator('[aria-current=true]')).toContainText('halves');
});
