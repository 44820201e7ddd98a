/** The panel in a page of a server of a test's own. */
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';
import * as fs from 'fs';

/** The panel with a run in it, wherever this front end has it. */
export async function panelOf(page: Page): Promise<Locator> {
  const panel = page.locator('#jupyter-datum-panel');
  await expect(panel).toBeAttached({ timeout: 60000 });
  // JupyterLab restores its layout once it stands, and may fold what was opened before.
  await expect(async () => {
    if (!(await panel.isVisible())) {
      await open(page);
    }
    await page.waitForTimeout(300);
    await expect(panel).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 30000 });
  return panel;
}

/** Where on a canvas something red is: inside the first such tile, in the canvas' own pixels. */
export async function redPixel(canvas: Locator): Promise<{ x: number; y: number }> {
  const find = (node: HTMLElement | SVGElement) => {
    const { width, height, clientWidth } = node as HTMLCanvasElement;
    const pen = (node as HTMLCanvasElement).getContext('2d')!;
    const data = width && height ? pen.getImageData(0, 0, width, height).data : [];
    const isRed = (at: number) => data[at] > 150 && data[at + 1] < 90 && data[at + 2] < 90;
    for (let pixel = 0; pixel < width * height; pixel++) {
      if (isRed(pixel * 4)) {
        const [x, y] = [pixel % width, Math.floor(pixel / width)];
        return { x: ((x + 2) * clientWidth) / width, y: ((y + 2) * clientWidth) / width };
      }
    }
    return null;
  };
  await expect.poll(() => canvas.evaluate(find), { timeout: 30000 }).not.toBeNull();
  return (await canvas.evaluate(find))!;
}

async function open(page: Page): Promise<void> {
  const tab = page.locator('[data-id="jupyter-datum-panel"]');
  if (await tab.count()) {
    await tab.first().click();
    return;
  }
  // A menu closes when a page that still loads takes the focus: then it is opened once more.
  const soon = { timeout: 3000 };
  await page.keyboard.press('Escape');
  await page.getByRole('menuitem', { name: 'View' }).click(soon);
  await page.getByText('Right Sidebar', { exact: true }).hover(soon);
  await page.getByText('Show Datums', { exact: false }).click(soon);
}

/** Kill the kernels that work in a folder, and say how many; a run's processes are others. */
export function killKernel(folder: string): number {
  const mine = fs.readdirSync('/proc').filter(name => {
    try {
      const line = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8');
      const at = () => fs.readlinkSync(`/proc/${name}/cwd`);
      return line.includes('ipykernel_launcher') && at() === fs.realpathSync(folder);
    } catch {
      return false; // it is no process, is gone, or is not ours
    }
  });
  mine.forEach(pid => process.kill(Number(pid), 'SIGKILL'));
  return mine.length;
}
