/**
 * Every tab of a run document, two runs side by side, and a datum, at 0, 1, 20, 10,000 and
 * 1,000,000 datums, three widths and three themes, as contact sheets for people to look at:
 * `jlpm looks` leaves them in `ui-tests/pictures/looks`; and a run of 10,000 with all that is hard
 * to draw, `hard`, on high pages. DATUM_LOOKS narrows it down: `map,compare:light:20,hard`.
 */
import { expect, test } from '@jupyterlab/galata';
import type { Browser } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { MORE, openRecorded, TABS, theme, THEMES } from '../tests/looking';
import { Recorded } from '../tests/recorded';
import { Hard } from '../tests/recordedhard';

test.use({ autoGoto: false });

const PICTURES = path.join(__dirname, '..', 'pictures', 'looks');
const WIDTHS = [1200, 720, 420];
const HEIGHT = 720;
const SIZES = [0, 1, 20, 10_000, 1_000_000, 'hard'] as const;

const [tabs, shades, sizes] = (process.env.DATUM_LOOKS ?? '').split(':').map(one => one.split(','));
const asked = <T>(all: readonly T[], some: string[] | undefined) =>
  all.filter(one => !some?.[0] || some.includes(String(one)));

/** One picture of several side by side. */
async function sheet(browser: Browser, name: string, height: number): Promise<void> {
  const images = WIDTHS.map(width => {
    const data = fs.readFileSync(path.join(PICTURES, `${name}.${width}.png`)).toString('base64');
    return `<img style="margin:6px;vertical-align:top" src="data:image/png;base64,${data}">`;
  });
  const wide = WIDTHS.reduce((sum, width) => sum + width + 12, 0);
  const page = await browser.newPage({ viewport: { width: wide, height: height + 12 } });
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
    const height = total === 'hard' ? 2 * HEIGHT : HEIGHT;
    const wide: string[] = [];
    const recorded = total === 'hard' ? new Hard() : new Recorded(total);
    const run = await openRecorded(page, tmpPath, recorded);
    for (const shade of asked(Object.keys(THEMES), shades)) {
      await theme(page, THEMES[shade as keyof typeof THEMES]);
      for (const tab of asked([...TABS, ...(total === 0 ? [] : MORE)], tabs)) {
        const name = `${tab}.${total}.${shade}`;
        const more = MORE.find(one => one === tab);
        const looked = more ? await run.more(more) : (await run.go(tab), run.document);
        for (const width of WIDTHS) {
          await run.resize(width, height);
          await looked.screenshot({ path: path.join(PICTURES, `${name}.${width}.png`) });
          wide.push(...(await run.wide(looked)).map(what => `${name} at ${width}: ${what}`));
        }
        await sheet(browser, name, height);
      }
    }
    expect(wide).toEqual([]);
  });
}
