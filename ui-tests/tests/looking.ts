/** The run document of a recorded run, to be looked at: by people, and by axe. */
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';

import type { Recorded } from './recorded';
import { BEFORE, NOW, SOURCE } from './recordedparts';
import { Replay, RUN } from './replay';
import { Story } from './story';

export const THEMES = {
  light: 'JupyterLab Light',
  dark: 'JupyterLab Dark',
  contrast: 'JupyterLab Dark High Contrast'
};

export const TABS = [
  'overview',
  'map',
  'table',
  'failures',
  'lineage',
  'timing',
  'workers',
  'spec'
] as const;

const FAILED = 3;

/** What is no tab of its own: two runs side by side, a datum beside the table, and on its page. */
export const MORE = ['compare', 'drawer', 'datum'] as const;

/** Change the theme, and wait for its style sheet. */
export async function theme(page: Page, name: string): Promise<void> {
  await page.evaluate(async name => {
    await (window as any).jupyterapp.commands.execute('apputils:change-theme', { theme: name });
  }, name);
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
  await page.waitForTimeout(150); // its style sheet, and then the map
}

/** Rules that a theme alone can break. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** All that axe has to say of a part of the page: by all rules, or of its colours alone. */
export async function axe(
  page: Page,
  where: string,
  rules: 'all' | 'colours' = 'all'
): Promise<string[]> {
  // JupyterLab's body has no height, so that axe would take all of its text for clipped away.
  await page.evaluate(() => (document.body.style.height = '100vh'));
  // There are no frames in it, and a page of their own for the results would cost seconds.
  const builder = new AxeBuilder({ page }).include(where).setLegacyMode(true);
  const { violations, passes } = await (
    rules === 'all' ? builder : builder.withRules(COLOURS)
  ).analyze();
  expect(passes.map(({ id }) => id), where).toContain('color-contrast');
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id}: ${node.html}: ${node.failureSummary}`)
  );
}

/** Nothing at all is wrong with a part of the page, by all rules or in its colours. */
export async function accessible(
  page: Page,
  where: string,
  rules: 'all' | 'colours' = 'all'
): Promise<void> {
  expect(await axe(page, where, rules)).toEqual([]);
}

/** Until what was asked for has been drawn: chunks, answers, two frames. */
export async function drawn(page: Page, part: Locator): Promise<void> {
  await expect(part).not.toContainText('Reading');
  await page.evaluate(
    () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  );
}

/** The document, and how to turn its pages. */
export interface ILookedAt {
  document: Locator;
  project: string;
  go(tab: string): Promise<void>;
  /** Show what is no tab, and give its part of the page. */
  more(what: (typeof MORE)[number]): Promise<Locator>;
  resize(width: number, height: number): Promise<void>;
  /** What of it is wider than its room. */
  wide(part?: Locator): Promise<string[]>;
}

/** Open the document of a recorded run. The clock stands still, but where ten seconds are told. */
export async function openRecorded(
  page: IJupyterLabPageFixture,
  tmpPath: string,
  recorded: Recorded
): Promise<ILookedAt> {
  const story = new Story(page, tmpPath);
  const replay = await Replay.before(page, SOURCE.join('\n'));
  await page.clock.setFixedTime((NOW - 10) * 1000);
  await page.goto();
  story.write(1);
  story.notebook('import time', SOURCE.join('\n'));
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  await story.panel();
  await replay.show(recorded.before);
  await expect(page.locator('#jupyter-datum-panel [data-section=run]')).toBeVisible();
  const place = { project: replay.shown, run: RUN };
  const execute = (command: string, more: object) =>
    page.evaluate(
      ([command, args]) => (window as any).jupyterapp.commands.execute(command, args),
      [command, { ...place, ...more }] as const
    );
  const settle = async (part: Locator) => {
    await page.mouse.move(0, 0);
    await part.locator('[class*=jp-datum]').first().waitFor(); // its chunk
    await drawn(page, part);
    await page.waitForTimeout(200); // what is measured once it stands, and its canvas
  };
  const tabOf = (tab: string) => page.locator(`.jp-datum-tabpanel[data-tab=${tab}]`);
  const go = async (tab: string, more: object = { other: '' }) => {
    await execute('datum:open-run', { tab, ...more });
    await tabOf(tab).waitFor();
    await settle(tabOf(tab));
  };
  await go('overview');
  await page.clock.setFixedTime(NOW * 1000);
  replay.later(recorded.face);
  await page.sidebar.close('left');
  const document = page.locator('.jp-datum-document');
  const around = await page.evaluate(
    () => innerWidth - globalThis.document.querySelector('.jp-datum-document')!.clientWidth
  );
  return {
    document,
    project: replay.shown,
    go: tab => go(tab),
    more: async what => {
      if (what === 'datum') {
        const position = recorded.states.indexOf(FAILED);
        await execute('datum:open-datum', { position });
        const alone = page.locator('.jp-datum-detail:visible');
        await settle(alone);
        return alone;
      }
      await go('table', { other: what === 'compare' ? BEFORE : '' });
      if (what === 'drawer') {
        await tabOf('table').getByRole('grid').press('Home');
        await tabOf('table').getByRole('grid').press('Enter');
        await settle(tabOf('table').locator('.jp-datum-detail'));
      }
      return document;
    },
    resize: async (width, height) => {
      await page.setViewportSize({ width: width + around, height: height + 110 });
      await page.waitForTimeout(250);
    },
    wide: (part = document) =>
      part.evaluate(node =>
        [node, ...node.querySelectorAll('.jp-datum-document-head, .jp-datum-tabpanel')]
          .filter(part => part.scrollWidth > part.clientWidth)
          .map(part => `${part.className} by ${part.scrollWidth - part.clientWidth} pixels`)
      )
  };
}
