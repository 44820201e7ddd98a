/**
 * Every tab of a run document at 0, 1, 20, 10,000 and 1,000,000 datums, three widths and three
 * themes, as contact sheets for people to look at: `jlpm looks` leaves them in
 * `ui-tests/pictures/looks`. DATUM_LOOKS narrows it down: `map,table:light:20,1000000`.
 */
import { expect, test } from '@jupyterlab/galata';
import type { Browser } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { openRecorded, TABS, theme, THEMES } from '../tests/looking';
import { Recorded } from '../tests/recorded';

test.use({ autoGoto: false });

const PICTURES = path.join(__dirname, '..', 'pictures', 'looks');
const WIDTHS = [1200, 720, 420];
const HEIGHT = 720;
const SIZES = [0, 1, 20, 10_000, 1_000_000];

const [tabs, shades, sizes] = (process.env.DATUM_LOOKS ?? '').split(':').map(one => one.split(','));
const asked = <T>(all: readonly T[], some: string[] | undefined) =>
  all.filter(one => !some?.[0] || some.includes(String(one)));

/** One picture of several side by side. */
async function sheet(browser: Browser, name: string): Promise<void> {
  const images = WIDTHS.map(width => {
    const data = fs.readFileSync(path.join(PICTURES, `${name}.${width}.png`)).toString('base64');
    return `<img style="margin:6px;vertical-align:top" src="data:image/png;base64,${data}">`;
  });
  const wide = WIDTHS.reduce((sum, width) => sum + width + 12, 0);
  const page = await browser.newPage({ viewport: { width: wide, height: HEIGHT + 12 } });
  await page.setContent(
    `<body style="margin:0;background:#888;white-space:nowrap;font-size:0">${images.join('')}</body>`
  );
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
  await page.close();
}

for (const total of asked(SIZES, sizes)) {
  test(`a run of ${total}`, async ({ page, tmpPath, browser }) => {
    test.setTimeout(1_800_000);
    fs.mkdirSync(PICTURES, { recursive: true });
    const wide: string[] = [];
    const run = await openRecorded(page, tmpPath, new Recorded(total));
    for (const shade of asked(Object.keys(THEMES), shades)) {
      await theme(page, THEMES[shade as keyof typeof THEMES]);
      for (const tab of asked(TABS, tabs)) {
        const name = `${tab}.${total}.${shade}`;
        await run.go(tab);
        for (const width of WIDTHS) {
          await run.resize(width, HEIGHT);
          await run.document.screenshot({ path: path.join(PICTURES, `${name}.${width}.png`) });
          wide.push(...(await run.wide()).map(what => `${name} at ${width}: ${what}`));
        }
        await sheet(browser, name);
      }
    }
    expect(wide).toEqual([]);
  });
}
