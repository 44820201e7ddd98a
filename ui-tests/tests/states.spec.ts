/**
 * States of the panel: axe over all that are built in different ways, and pictures of them for
 * people to look at, in `ui-tests/pictures`; `jlpm pictures` makes one of every state.
 */
import { expect, galata, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { axe, theme, THEMES } from './looking';
import { CHAIN, GROUPS, Replay, RUN, WORKERS } from './replay';
import type { IFace } from './replay';
import { Story } from './story';

// The page must not have its socket before we stand between.
test.use({ autoGoto: false });

const PICTURES = path.join(__dirname, '..', 'pictures');
const now = () => Date.now() / 1000;

/** Some of everything, as a run of a thousand is in its midst. */
const MIDST: [number, number][] = [
  [5, 120],
  [2, 250],
  [3, 98],
  [2, 190],
  [4, 20],
  [3, 14],
  [6, 8],
  [1, 4],
  [0, 296]
];

/** After the end nothing runs and nothing waits. */
const AFTER: [number, number][] = MIDST.filter(([state]) => state > 1);

const FACES: Record<string, IFace> = {
  'not-run': { context: 'no-project' },
  planning: { run: { status: 'running', planned: 0, started: now() }, states: [[0, 12400]] },
  queued: { run: { status: 'queued', planned: 0, started: null }, states: [] },
  running: { run: {}, states: MIDST, groups: GROUPS, workers: WORKERS },
  pipeline: {
    run: {
      engine: 'dask',
      options: { gpus: '0.5', batch: 64 },
      needs: ['raw'],
      feed: { consumers: 1, behind: 312, waited: 0, held: 40, bound: 'consumer' }
    },
    states: MIDST,
    workers: WORKERS,
    transforms: CHAIN,
    clusters: [
      {
        id: 1,
        engine: 'dask',
        run: RUN,
        state: 'starting',
        since: now() - 65,
        up: 3,
        wanted: 16,
        message: 'job 4711 is pending: Resources'
      }
    ],
    watches: [
      {
        transform: 'halves',
        settle: 2,
        every: null,
        state: 'active',
        how: 'events',
        message: null,
        since: now() - 4000,
        looked: now(),
        runs: 12
      }
    ]
  },
  paused: {
    run: { status: 'paused', message: 'the first 20 failed alike: ValueError: bad number' },
    states: [
      [3, 20],
      [0, 480]
    ],
    groups: [{ ...GROUPS[0], datums: 20 }]
  },
  failures: { run: { status: 'failed', ended: now() }, states: AFTER, groups: GROUPS },
  done: { run: { status: 'success', ended: now() }, states: [[2, 480]], workers: WORKERS },
  unchanged: {
    run: { status: 'success', ended: now(), saved: 9660, reasons: { unchanged: 38112 } },
    states: [[5, 38112]]
  },
  cancelled: {
    run: { status: 'cancelled', ended: now() },
    states: [
      [2, 300],
      [6, 180]
    ]
  },
  interrupted: {
    run: { status: 'interrupted' },
    states: [
      [2, 300],
      [0, 180]
    ]
  },
  error: {
    run: { status: 'error', ended: now(), message: 'the folder out/halves cannot be written' },
    states: [
      [2, 40],
      [6, 440]
    ]
  },
  'left-failed': {
    run: {
      status: 'success',
      ended: now(),
      reasons: { 'failed before': 112 },
      left: { 'failed before': 14 }
    },
    states: [
      [2, 98],
      [5, 382]
    ]
  },
  million: {
    run: { started: now() - 249 },
    states: [
      [2, 417_000],
      [3, 1],
      [2, 194_000],
      [1, 32],
      [0, 388_967]
    ],
    groups: [{ ...GROUPS[0], datums: 1 }],
    workers: WORKERS
  },
  disconnected: { run: {}, states: MIDST, groups: GROUPS, server: 'lost' },
  missing: { server: 'missing' },
  older: { server: 'older' },
  foreign: {
    context: 'foreign',
    message: "this ledger is another user's: it is shown, and nothing is run",
    run: {
      status: 'failed',
      ended: now(),
      retryable: 'this transform was recorded by someone else: run its cell'
    },
    states: AFTER,
    groups: GROUPS
  },
  damaged: {
    context: 'damaged',
    message: 'the ledger is damaged (file is not a database); move .datum/ledger.sqlite away: ' +
      'outputs stay, the history of runs goes with it'
  },
  newer: {
    context: 'newer',
    message: 'the ledger was written by a newer jupyter-datum: install it in the server, too'
  },
  'other-kernel': {
    context: 'version-mismatch',
    message: 'the kernel speaks protocol 0, the server 1: install one version in both'
  },
  'not-loaded': { context: 'kernel-without-extension', message: '' },
  'no-files': { context: 'no-files', message: '' }
};

/** What of the panel has no room: cut off without an ellipsis, or over what stands beside it. */
const cramped = (panel: HTMLElement | SVGElement) =>
  [...panel.querySelectorAll<HTMLElement>('*')]
    .filter(one => {
      const { overflowX, textOverflow, display, clipPath } = getComputedStyle(one);
      const scrolls = overflowX === 'auto' || overflowX === 'scroll';
      const meant = scrolls || textOverflow === 'ellipsis' || clipPath !== 'none';
      return display !== 'inline' && !meant && one.scrollWidth > one.clientWidth + 1;
    })
    .map(one => `${one.className || one.tagName} ${one.scrollWidth}/${one.clientWidth}: ${one.textContent}`);

async function begin(page: IJupyterLabPageFixture, tmpPath: string): Promise<Replay> {
  const story = new Story(page, tmpPath);
  const replay = await Replay.before(page, story.cell());
  await page.goto();
  story.write(1);
  story.notebook('import time', story.cell());
  await page.notebook.openByPath(`${tmpPath}/story.ipynb`);
  await story.panel();
  await page.sidebar.setWidth(320);
  return replay;
}

const picture = (page: Page, name: string) =>
  page.locator('#jupyter-datum-panel').screenshot({ path: path.join(PICTURES, `${name}.png`) });

test('each state, in three themes', async ({ page, tmpPath }) => {
  test.setTimeout(480_000); // on a busy machine axe takes seconds a state
  const replay = await begin(page, tmpPath);
  const panel = page.locator('#jupyter-datum-panel');
  const found: Record<string, string[]> = {};
  for (const [shade, name] of Object.entries(THEMES)) {
    await theme(page, name);
    for (const [state, face] of Object.entries(FACES)) {
      await replay.show(face);
      if (face.run && state !== 'queued') {
        await expect(panel.locator('[data-section=run]')).toBeVisible();
      }
      await page.waitForTimeout(150);
      await picture(page, `${state}.${shade}`);
      // What is built is the same in each theme; its colours are not.
      const rules = shade === 'light' ? 'all' : 'colours';
      const wrong = await axe(page, '#jupyter-datum-panel', rules);
      if (wrong.length) {
        found[`${state}, ${shade}`] = wrong;
      }
    }
  }
  expect(found).toEqual({});
});

test('all that can be opened, the page of a datum, and colours that the system chooses', async ({ page, tmpPath }) => {
  const replay = await begin(page, tmpPath);
  const panel = page.locator('#jupyter-datum-panel');
  await replay.show(FACES.failures);
  await panel.locator('[data-section=run-with] summary').click();
  await panel.getByRole('button', { name: 'as a table' }).click();
  await panel.locator('.jp-datum-group-text').first().click();
  await expect(panel).toContainText('in/0003.txt');
  for (const shade of ['light', 'dark'] as const) {
    await theme(page, THEMES[shade]);
    await picture(page, `opened.${shade}`);
    const rules = shade === 'light' ? 'all' : 'colours';
    expect(await axe(page, '#jupyter-datum-panel', rules)).toEqual([]);
  }
  await panel.getByRole('button', { name: 'in/0003.txt' }).click();
  const datum = page.locator('.jp-datum-detail');
  await expect(datum).toContainText('could not convert');
  for (const shade of ['dark', 'light'] as const) {
    await theme(page, THEMES[shade]);
    await datum.screenshot({ path: path.join(PICTURES, `datum.${shade}.png`) });
    const rules = shade === 'light' ? 'all' : 'colours';
    expect(await axe(page, '.jp-datum-detail', rules)).toEqual([]);
  }
  await page.sidebar.setWidth(240);
  for (const state of ['running', 'pipeline', 'failures', 'million', 'not-run']) {
    await replay.show(FACES[state]);
    await page.waitForTimeout(150);
    await picture(page, `${state}.narrow`);
    const wide = await panel.evaluate(node => node.scrollWidth - node.clientWidth);
    expect(wide, state).toBeLessThanOrEqual(0);
  }

  // Where the system chooses all colours, states differ still.
  await page.sidebar.setWidth(320);
  await page.emulateMedia({ forcedColors: 'active' });
  await replay.show(FACES.running);
  await expect(panel.locator('[data-section=run]')).toBeVisible();
  await picture(page, 'running.forced');
  const bar = panel.locator('[data-section=run] .jp-datum-bar');
  const fills = await bar.locator('i').evaluateAll(parts =>
    parts.map(part => {
      const { backgroundColor, backgroundImage } = getComputedStyle(part);
      return `${backgroundColor} ${backgroundImage}`;
    })
  );
  expect(fills.length).toBeGreaterThan(4);
  expect(new Set(fills).size).toBe(fills.length);

  // What moves moves for those alone who do not mind.
  const moving = () => panel.evaluate(node => node.getAnimations({ subtree: true }).length);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  await expect.poll(moving).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(moving).toBe(0);
});

test.describe('in German', () => {
  const locale = { '@jupyterlab/translation-extension:plugin': { locale: 'de_DE' } };
  test.use({ mockSettings: { ...galata.DEFAULT_SETTINGS, ...locale } });

  test('each state has room in 250 pixels', async ({ page, tmpPath }) => {
    test.setTimeout(240_000);
    const file = path.join(__dirname, '../../jupyter_datum/locale/de_DE/LC_MESSAGES');
    const words = fs.readFileSync(path.join(file, 'jupyter_datum.json'), 'utf-8');
    const data = { jupyter_datum: JSON.parse(words) };
    await page.route(/\/api\/translations\/de/, route => route.fulfill({ json: { data } }));
    const replay = await begin(page, tmpPath);
    await page.sidebar.setWidth(250);
    const panel = page.locator('#jupyter-datum-panel');
    const found: Record<string, string[]> = {};
    for (const [state, face] of Object.entries(FACES)) {
      await replay.show(face);
      await page.waitForTimeout(150);
      for (const fold of await panel.locator('summary').all()) {
        await fold.click();
      }
      await picture(page, `${state}.german`);
      const wide = await panel.evaluate(cramped);
      if (wide.length) {
        found[state] = wide;
      }
    }
    expect(found).toEqual({});
  });
});
