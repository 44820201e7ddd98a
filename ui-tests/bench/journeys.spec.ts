/**
 * The pictures of docs/journeys.md, of the real product: `jlpm bench journeys.spec.ts` (with the
 * extra `demo`) lives all eight journeys on the mosaic notebook, asserts how each ends, and leaves
 * a small picture of each step, with a palette, in `docs/journeys`. Look at all of them.
 */
import { expect as expectSoon, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { panelOf, redPixel } from '../tests/panel';
import { Server } from '../tests/server';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

const REPOSITORY = path.join(__dirname, '..', '..');
const PICTURES = path.join(REPOSITORY, 'docs', 'journeys');
/** No picture is larger. */
const BYTES = 120_000;

/** What makes a small file of a picture: a palette of its own. */
const PALETTE = `
import sys
from PIL import Image

image = Image.open(sys.argv[1]).convert("RGB")
image.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
    sys.argv[1], optimize=True
)
`;

/** What the cell calls, and what the fourth journey changes. */
const LIGHTEN = `def lighten(tile, stops):
    """Lighter by so many stops; what is too light for a byte is white."""
    lighter = tile * 2 ** (0.4 * stops)
    return lighter.clip(0, 255).astype("uint8")`;

/** Places of cells: photographs, places, helper, transform, picture. */
const [HELPER, TRANSFORM, PICTURE] = [2, 3, 4];

const BROKEN = 'tile.mean() - BLACK';
const MENDED = 'max(tile.mean() - BLACK, 1)';
const INPUT = 'split(photos, by=places)';

test.use({ viewport: { width: 1120, height: 680 } });

/** One JupyterLab with the notebook in front and the panel beside it. */
class Lab {
  constructor(
    readonly page: Page,
    readonly server: Server
  ) {}

  get panel() {
    return this.page.locator('#jupyter-datum-panel');
  }
  get cells() {
    return this.page.locator('.jp-Notebook .jp-CodeCell');
  }
  get run() {
    return this.panel.locator('[data-section=run]');
  }
  get document() {
    return this.page.locator('.jp-datum-document:visible');
  }

  /** Write the notebook: the cells of the mosaic, the transform as `change` makes it. */
  write(change: (cell: string) => string): void {
    const file = path.join(REPOSITORY, 'notebooks', 'mosaic.ipynb');
    const { cells, ...rest } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const code: string[] = cells
      .filter((cell: any) => cell.cell_type === 'code')
      .map((cell: any) => cell.source.join(''));
    const holding = (words: string) => code.find(one => one.includes(words))!;
    const lightens = 'tile = (tile * 2 ** (0.4 * stops)).clip(0, 255).astype("uint8")';
    const cell = holding(BROKEN).replace(lightens, 'tile = lighten(tile, stops)');
    const sources = [
      holding('load_sample_images'),
      `${holding('def places')}\n\n\n${holding('BLACK =')}`,
      LIGHTEN,
      change(cell),
      holding('def mosaic')
    ];
    const made = sources.map((source, at) => ({
      ...{ cell_type: 'code', id: `cell-${at}`, execution_count: null, outputs: [], source },
      metadata: at === TRANSFORM ? { tags: ['raises-exception'] } : {}
    }));
    fs.writeFileSync(this.path('mosaic.ipynb'), JSON.stringify({ ...rest, cells: made }));
  }

  path(...parts: string[]): string {
    return path.join(this.server.root, ...parts);
  }

  async open(): Promise<void> {
    const { page } = this;
    await page.goto(`${this.server.url('lab/tree/mosaic.ipynb')}&reset`);
    await this.cells.first().waitFor({ timeout: 60_000 });
    const news = page.getByRole('button', { name: 'No', exact: true });
    await news.click({ timeout: 8000 }).catch(() => undefined); // where nobody asks, all the better
    const panel = await panelOf(page);
    const size = (await panel.boundingBox())!;
    await page.mouse.move(size.x + size.width + 1, 400);
    await page.mouse.down();
    await page.mouse.move(size.x + 300, 400, { steps: 5 });
    await page.mouse.up();
    await this.command('apputils:change-theme', { theme: 'JupyterLab Light' });
  }

  /** Execute a command as a button or the palette would. */
  command(id: string, args: object = {}): Promise<any> {
    return this.page.evaluate(
      ([name, given]) =>
        (window as any).jupyterapp.commands
          .execute(name, given)
          .then((told: any) => (typeof told === 'object' ? null : told)),
      [id, args] as const
    );
  }

  /** Execute the cell at a place; wait until it has ended. */
  async execute(at: number): Promise<void> {
    await this.start(at);
    const prompt = this.cells.nth(at).locator('.jp-InputPrompt').first();
    await expect(prompt).toHaveText(/\[\d+\]/, { timeout: 300_000 });
  }

  async start(at: number): Promise<void> {
    await this.cells.nth(at).locator('.cm-content').click();
    await this.page.keyboard.press('Control+Enter');
    const prompt = this.cells.nth(at).locator('.jp-InputPrompt').first();
    await expect(prompt).not.toHaveText('[ ]:');
  }

  /** Have the cell at a place hold another text. */
  edit(at: number, from: string, to: string): Promise<void> {
    return this.page.evaluate(
      ([index, before, after]) => {
        const widgets = [...(window as any).jupyterapp.shell.widgets('main')];
        const notebook = widgets.find(one => one?.content?.model?.cells);
        const shared = notebook.content.widgets[index].model.sharedModel;
        shared.setSource(shared.getSource().replace(before, after));
      },
      [at, from, to] as const
    );
  }

  /** Close all but the notebook. */
  alone(): Promise<void> {
    return this.page.evaluate(() => {
      const widgets = [...(window as any).jupyterapp.shell.widgets('main')];
      widgets.filter(one => !one?.content?.model?.cells).forEach(one => one.close());
    });
  }

  /** Bring a cell of the notebook into view; close all else. */
  async front(at: number, part: 'input' | 'output' = 'input'): Promise<void> {
    await this.alone();
    await this.page.evaluate(async index => {
      const { shell } = (window as any).jupyterapp;
      const notebook: any = [...shell.widgets('main')].find(one => one?.content?.model?.cells);
      shell.activateById(notebook.id);
      notebook.content.activeCellIndex = index;
      await notebook.content.scrollToItem(index, 'start');
    }, at);
    const area = this.cells.nth(at).locator(part === 'input' ? '.jp-InputArea' : '.jp-OutputArea');
    await area.first().scrollIntoViewIfNeeded();
  }

  /** A picture of the page, and its palette. */
  async shot(name: string): Promise<void> {
    const { page } = this;
    for (const toast of await page.getByRole('button', { name: /^(Hide|Dismiss)/ }).all()) {
      await toast.click({ timeout: 1000 }).catch(() => undefined);
    }
    await page.waitForTimeout(1200); // what moves has come to rest
    await picture(page, name);
  }
}

async function picture(page: Page, name: string): Promise<void> {
  const file = path.join(PICTURES, `${name}.png`);
  await page.screenshot({ path: file });
  execFileSync('python', ['-c', PALETTE, file]);
  expect(fs.statSync(file).size, `${name}.png`).toBeLessThan(BYTES);
}

test('all journeys but the second', async ({ page, browser }) => {
  test.setTimeout(900_000);
  fs.mkdirSync(PICTURES, { recursive: true });
  const lab = new Lab(page, await Server.start({ exposed: true }));
  try {
    lab.write(cell => cell.replace(/^%%datum.*\n/, ''));
    await lab.open();
    await markAndRun(lab);
    await holes(lab);
    await fromThePixel(lab);
    await heal(lab);
    await again(lab);
    await whence(lab);
    await helper(lab);
    await report(lab, () => browser.newContext({ offline: true }));
  } finally {
    lab.server.close();
  }
});

/** 1: mark a cell, plan, run, watch it fail, in groups, in the notebook. */
async function markAndRun(lab: Lab): Promise<void> {
  const { page, panel } = lab;
  await lab.execute(0);
  await lab.execute(1);
  await lab.execute(HELPER);
  await lab.front(TRANSFORM);
  await lab.command('datum:mark-cell', { name: 'tiles' });
  const form = page.locator('.jp-MetadataForm', { has: page.locator('.jp-datum-form-state') });
  for (const [name, text] of [
    ['Input', INPUT],
    ['Output folder', 'tiles'],
    ['Workers', '2']
  ]) {
    await form.getByRole('textbox', { name }).fill(text);
    await form.getByRole('textbox', { name }).press('Enter');
  }
  await expect(form).toContainText('--workers 2');
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan).toContainText('of 1,024 would run', { timeout: 60_000 });
  await lab.shot('1-mark');
  await plan.getByRole('button', { name: 'Run these 1,024' }).click();
  await lab.command('application:toggle-right-area');
  const percent = lab.run.locator('.jp-datum-percent');
  await expect(percent).toHaveText(/^[2-8]\d\.\d%$/, { timeout: 300_000 });
  await picture(page, '1-run');
  await expect(lab.run).toContainText('done with failures', { timeout: 300_000 });
  await lab.command('datum:open-run', { tab: 'failures' });
  await expect(lab.document.locator('.jp-datum-detail-body')).toBeVisible();
  await lab.shot('1-failures');
  await lab.document.getByRole('button', { name: 'Open in notebook' }).click();
  const output = lab.cells.nth(TRANSFORM + 1).locator('.jp-OutputArea');
  await expect(output).toContainText('ValueError', { timeout: 60_000 });
  await lab.front(TRANSFORM + 1, 'output');
  await lab.shot('1-notebook');
}

/** 7, its beginning: the mosaic has holes. The cell of the failed datum stands above it. */
async function holes(lab: Lab): Promise<void> {
  await lab.execute(PICTURE + 1);
  await expect(lab.cells.nth(PICTURE + 1).locator('.jp-OutputArea img')).toBeVisible();
  await lab.front(PICTURE + 1, 'output');
  await lab.shot('7-holes');
}

/** 3: from a red pixel into that very datum. */
async function fromThePixel(lab: Lab): Promise<void> {
  const { page } = lab;
  await lab.command('datum:open-run', { tab: 'map' });
  const map = lab.document.locator('.jp-datum-map-tab');
  const place = await redPixel(map.getByRole('img'));
  await map.getByRole('application').click({ position: place });
  const card = map.locator('.jp-datum-map-card');
  await expect(card).toContainText('ValueError');
  await lab.shot('3-pixel');
  await card.getByRole('button', { name: 'open' }).click();
  const datum = page.locator('.jp-datum-detail:visible');
  await expect(datum).toContainText('ValueError');
  await lab.shot('3-datum');
  await datum.getByRole('button', { name: 'Debug' }).click();
  const stopped = page.locator('.jp-DebuggerEditor-highlight');
  await expect(stopped).toContainText('log2', { timeout: 60_000 });
  const sidebar = page.locator('#jp-debugger-sidebar');
  await expect(sidebar).toContainText('signal', { timeout: 60_000 });
  await lab.alone();
  await page.locator('.jp-Notebook .cm-scroller').evaluateAll(all => {
    all.forEach(one => (one.scrollLeft = 0));
  });
  await sidebar.getByText('signal').first().scrollIntoViewIfNeeded();
  await lab.shot('3-debug');
  await lab.command('debugger:continue');
  await expect(stopped).toHaveCount(0, { timeout: 60_000 });
  await lab.command('application:toggle-right-area');
}

/** 1 and 7, their ends: one line is mended, what failed runs again, and the mosaic is whole. */
async function heal(lab: Lab): Promise<void> {
  const { panel } = lab;
  await lab.front(TRANSFORM + 1);
  await lab.command('notebook:delete-cell');
  await lab.edit(TRANSFORM, BROKEN, MENDED);
  await lab.front(TRANSFORM);
  const retry = panel.getByRole('button', { name: /^Retry \d+ with the edited cell/ });
  await expect(retry).toBeVisible();
  await retry.hover(); // it is scrolled into view
  await lab.shot('7-edited');
  await retry.click();
  await expect(lab.run).toContainText(/Run 2.*done/s, { timeout: 120_000 });
  await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  await lab.run.scrollIntoViewIfNeeded();
  expect(fs.readdirSync(lab.path('tiles'))).toHaveLength(1024);
  await lab.shot('1-green');
  await lab.execute(PICTURE);
  await lab.front(PICTURE, 'output');
  await lab.shot('7-healed');
}

/** 6: what is unchanged is not repeated; what is new is all that runs. */
async function again(lab: Lab): Promise<void> {
  const { panel } = lab;
  // The fix changes nothing for the tiles that were there.
  await lab.command('datum:plan', { name: 'tiles' });
  await lab.command('datum:equivalent');
  await lab.command('datum:close-plan');
  await lab.front(TRANSFORM);
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(lab.run).toContainText('of work not repeated', { timeout: 120_000 });
  await lab.shot('6-nothing');
  const third = [
    'from PIL import Image, ImageOps',
    'image = Image.open("photos/china.jpg")',
    'ImageOps.mirror(image).save("photos/lake.jpg")'
  ].join('\n');
  execFileSync('python', ['-c', third], { cwd: lab.server.root });
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan.locator('.jp-datum-figure')).toHaveText('512of 1,536 would run', {
    timeout: 60_000
  });
  await lab.shot('6-new');
  await plan.getByRole('button', { name: 'Run these 512' }).click();
  await expect(lab.run).toContainText('1,536', { timeout: 120_000 });
  await expect(lab.run).toContainText('done', { timeout: 120_000 });
  await lab.command('datum:open-run', { tab: 'overview' });
  await expect(lab.document).toContainText('Not repeated');
  await lab.shot('6-overview');
}

/** 5: right click on an output image. */
async function whence(lab: Lab): Promise<void> {
  const { page } = lab;
  await lab.front(PICTURE, 'output');
  await lab.command('filebrowser:activate');
  await lab.command('filebrowser:open-path', { path: 'tiles' });
  const tile = page.locator('.jp-DirListing-item', { hasText: 'china-00-05.png' });
  await tile.scrollIntoViewIfNeeded();
  await tile.click({ button: 'right' });
  const item = page.getByRole('menuitem', { name: 'Show Datum Lineage' });
  await item.hover();
  await lab.shot('5-menu');
  await item.click();
  const tab = page.locator('.jp-datum-origins');
  const row = (name: string | RegExp) => tab.getByRole('treeitem').filter({ hasText: name });
  await expect(row(/tiles/).first()).toBeVisible();
  await expect(row('china.jpg').first()).toBeVisible();
  await lab.shot('5-lineage');
  await row('photos/china.jpg').first().click();
  await tab.getByRole('button', { name: 'Show datums that used this file' }).click();
  await expect(tab.locator('.jp-datum-user').first()).toBeVisible();
  await lab.shot('5-raw');
}

/** 4: a helper is changed; the plan says what is stale, and why. */
async function helper(lab: Lab): Promise<void> {
  const { panel } = lab;
  await lab.command('datum:open-panel', { name: 'tiles' });
  await lab.edit(HELPER, '0.4 * stops', '0.6 * stops');
  await lab.front(HELPER);
  await lab.execute(HELPER);
  await lab.front(HELPER);
  await lab.shot('4-helper');
  await panel.getByRole('button', { name: 'Plan', exact: true }).click();
  const plan = panel.locator('[data-section=plan]');
  await expect(plan.locator('.jp-datum-parts')).toHaveText('lighten1,536', { timeout: 60_000 });
  await plan.getByText('code changed').click();
  await lab.shot('4-plan');
  await plan.getByRole('button', { name: 'Mark as equivalent …' }).click();
  await plan.getByRole('button', { name: 'Mark as equivalent', exact: true }).hover();
  await lab.shot('4-equivalent');
  await lab.command('datum:close-plan');
}

/** 8: the report is a page that needs nobody. */
async function report(lab: Lab, alone: () => Promise<any>): Promise<void> {
  const { page } = lab;
  await lab.front(TRANSFORM);
  await lab.command('datum:open-run', { tab: 'overview' });
  const saved = page.waitForEvent('download');
  const save = lab.document.getByRole('button', { name: 'Save the report as a file' });
  await save.hover();
  await lab.shot('8-save');
  await save.click();
  const file = lab.path('report.html');
  await (await saved).saveAs(file);
  const context = await alone();
  const kept: Page = await context.newPage();
  await kept.setViewportSize(page.viewportSize()!);
  await kept.goto(`file://${file}`);
  await expect(kept.getByRole('heading', { level: 1 })).toContainText('tiles');
  await picture(kept, '8-report');
  await kept.mouse.wheel(0, 560);
  await kept.waitForTimeout(500);
  await picture(kept, '8-more');
  await context.close();
}

/** 2: the kernel is killed and the page is closed in mid-run. */
test('the second journey', async ({ page }) => {
  test.setTimeout(600_000);
  fs.mkdirSync(PICTURES, { recursive: true });
  const lab = new Lab(page, await Server.start({ exposed: true }));
  try {
    lab.write(cell =>
      cell
        .replace('-o tiles', '-o tiles --workers 2')
        .replace(BROKEN, MENDED)
        .replace('from math', 'import time\nfrom math')
        .replace('place = datum.value', 'time.sleep(0.25)\nplace = datum.value')
    );
    await lab.open();
    await lab.execute(0);
    await lab.execute(1);
    await lab.execute(HELPER);
    await lab.front(TRANSFORM);
    await lab.start(TRANSFORM);
    const percent = lab.run.locator('.jp-datum-percent');
    await expect(percent).toHaveText(/^2\d\.\d%$/, { timeout: 120_000 });
    await lab.command('docmanager:save');
    await picture(page, '2-running');
    killKernel(lab.server.root);
    await expect(page.locator('.jp-Dialog')).toContainText('died', { timeout: 60_000 });
    await lab.shot('2-killed');
    await page.goto('about:blank');
    const tiles = () => fs.readdirSync(lab.path('tiles')).length;
    const before = tiles();
    await expect.poll(tiles, { timeout: 60_000 }).toBeGreaterThan(before + 100);
    await page.goto(lab.server.url('lab/tree/mosaic.ipynb'));
    await panelOf(page);
    await expect(percent).toHaveText(/^([5-9]\d\.\d|100)%$/);
    await lab.shot('2-back');
    await expect(lab.run).toContainText('done', { timeout: 300_000 });
    expect(tiles()).toBe(1024);
    await lab.shot('2-done');
  } finally {
    lab.server.close();
  }
});

/** Kill the kernel that works in a folder; the run's own processes are others. */
function killKernel(folder: string): void {
  for (const pid of fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (line.includes('ipykernel_launcher') && fs.readlinkSync(`/proc/${pid}/cwd`) === folder) {
        process.kill(Number(pid), 'SIGKILL');
      }
    } catch {
      // It is gone, or not ours.
    }
  }
}
