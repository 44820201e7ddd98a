/** What the journeys share: real files, cells that make them, and the panel's words. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

/** The folder that the server shows. */
export const ROOT = process.env.JUPYTERLAB_GALATA_ROOT_DIR as string;

/** A folder of files beside a notebook; the datums that end in 3 are broken. */
export class Story {
  constructor(
    readonly page: IJupyterLabPageFixture,
    folder: string
  ) {
    this.folder = path.join(ROOT, folder);
  }

  /** On disk. */
  readonly folder: string;

  /** Write `n` files: numbers, but for some with a comma in them. */
  files(n: number): void {
    fs.mkdirSync(path.join(this.folder, 'in'), { recursive: true });
    for (let i = 0; i < n; i++) {
      const text = i % 10 === 3 ? `${i},5` : `${i}`;
      fs.writeFileSync(path.join(this.folder, 'in', `${String(i).padStart(4, '0')}.txt`), text);
    }
  }

  /** The cell, with or without its bug; each datum counts itself. */
  cell(options: { fixed?: boolean; pause?: number; line?: string } = {}): string {
    const { fixed = false, pause = 0, line = '' } = options;
    const counted = JSON.stringify(path.join(this.folder, 'executions'));
    return [
      `%%datum halves -i "in/*.txt" -o halves --workers 2 ${line}`.trim(),
      'import time',
      `open(${counted}, "a").write(datum.stem + "\\n")`,
      `time.sleep(${pause})`,
      'text = open(datum.path).read()',
      fixed ? 'value = float(text.replace(",", "."))' : 'value = float(text)',
      'datum.out_file(".half").write_text(str(value / 2))'
    ].join('\n');
  }

  /** How often each datum has executed. */
  executions(): Map<string, number> {
    const found = new Map<string, number>();
    const file = path.join(this.folder, 'executions');
    if (fs.existsSync(file)) {
      for (const stem of fs.readFileSync(file, 'utf-8').split('\n').filter(Boolean)) {
        found.set(stem, (found.get(stem) ?? 0) + 1);
      }
    }
    return found;
  }

  /** What a datum has written, or null. */
  output(stem: string): string | null {
    const file = path.join(this.folder, 'halves', `${stem}.half`);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf-8') : null;
  }

  /** What the command line says of the newest run. */
  status(): Record<string, number | string> {
    const args = ['datum', 'status', 'halves', '--json', '--project', this.folder];
    try {
      return JSON.parse(execFileSync('jupyter', args, { encoding: 'utf-8' }))[0];
    } catch (error) {
      // Exit code 1 says that some failed; the answer is there all the same.
      return JSON.parse((error as { stdout: string }).stdout)[0];
    }
  }

  /** A notebook whose first cell has loaded the extension, and whose second holds `cell`. */
  async notebook(cell: string): Promise<void> {
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

  /** Execute the second cell, and do not wait for it. */
  async start(): Promise<void> {
    await this.page.notebook.selectCells(1);
    await this.page.keyboard.press('Control+Enter');
  }
}
