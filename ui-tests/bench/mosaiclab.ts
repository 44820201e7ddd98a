/** The mosaic notebook in a JupyterLab of its own, and small pictures of it. */
import { expect as expectSoon } from '@playwright/test';
import type { Page } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { panelOf } from '../tests/panel';
import type { Server } from '../tests/server';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

const REPOSITORY = path.join(__dirname, '..', '..');
export const PICTURES = path.join(REPOSITORY, 'docs', 'journeys');
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
export const [HELPER, TRANSFORM, PICTURE] = [2, 3, 4];

/** What the cell does wrong. */
export const BROKEN = 'tile.mean() - BLACK';

/** One JupyterLab with the notebook in front and the panel beside it. */
export class Lab {
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
    // A cell that is executed before there is a kernel is not executed at all.
    await page.evaluate(async () => {
      const widgets = [...(window as any).jupyterapp.shell.widgets('main')];
      await widgets.find(one => one?.content?.model?.cells).sessionContext.ready;
    });
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

/** A picture of a page, and its palette. */
export async function picture(page: Page, name: string): Promise<void> {
  const file = path.join(PICTURES, `${name}.png`);
  await page.screenshot({ path: file });
  execFileSync('python', ['-c', PALETTE, file]);
  expect(fs.statSync(file).size, `${name}.png`).toBeLessThan(BYTES);
}
