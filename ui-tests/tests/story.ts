/** A notebook in JupyterLab, driven as a person would. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import * as path from 'path';

import { Files } from './files';

/** The folder that the server shows. */
const ROOT = process.env.JUPYTERLAB_GALATA_ROOT_DIR as string;

/** Files, and a notebook beside them. */
export class Story extends Files {
  constructor(
    private readonly page: IJupyterLabPageFixture,
    folder: string
  ) {
    super(path.join(ROOT, folder));
  }

  /** A notebook whose first cell has loaded the extension, and whose second holds `cell`. */
  async open(cell: string): Promise<void> {
    const { page } = this;
    await page.notebook.createNew('story.ipynb');
    await page.notebook.setCell(0, 'code', '%load_ext jupyter_datum');
    await page.notebook.addCell('code', cell);
    await page.notebook.runCell(0, true);
  }

  /** The panel, open. */
  async panel(): Promise<Locator> {
    const panel = this.page.locator('#jupyter-datum-panel');
    if (!(await panel.isVisible())) {
      await this.page.sidebar.openTab('jupyter-datum-panel');
    }
    await expect(panel).toBeVisible();
    return panel;
  }

  /** Execute a command as a button or the palette would; give back what it returns. */
  async command(id: string, args: object = {}): Promise<any> {
    return this.page.evaluate(
      ([name, given]) => (window as any).jupyterapp.commands.execute(name, given),
      [id, args] as const
    );
  }

  /** A run of the flawed cell, made from the command line, as a document; no kernel is there. */
  async flawedRun(tab: string): Promise<Locator> {
    const { page } = this;
    this.write(40);
    this.run(this.notebook('%load_ext jupyter_datum', this.flawed()));
    await page.notebook.openByPath(path.join(path.relative(ROOT, this.folder), 'story.ipynb'));
    const panel = await this.panel();
    await expect(panel).toContainText('Run 1');
    await this.command('datum:open-run', { tab });
    return page.locator('.jp-datum-document');
  }

  /** Execute the second cell, and do not wait for it. */
  async start(): Promise<void> {
    await this.page.notebook.selectCells(1);
    await this.page.keyboard.press('Control+Enter');
  }
}
