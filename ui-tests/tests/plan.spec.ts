/** Plans: what an edit would cost, a mark that it costs nothing, and what has vanished. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

import { Story } from './story';

const PICTURES = path.join(__dirname, '..', 'pictures');

async function accessible(page: Page, part: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).include(part).analyze();
  expect(violations.map(one => `${one.id}: ${one.nodes[0].html}`)).toEqual([]);
}

test('edit, plan, mark as equivalent, remove what vanished', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(20);
  const cell = story.cell({ fixed: true });
  await story.open(cell);
  const panel = await story.panel();
  const planned = panel.locator('[data-section=plan]');
  const plan = panel.getByRole('button', { name: 'Plan', exact: true });

  // Before anything has run: the kernel reads the cell, and the server plans it.
  await plan.click();
  await expect(planned).toContainText('of 20 would run', { timeout: 30000 });
  await expect(planned).toContainText('new20');
  expect(story.executions().size).toBe(0);
  await planned.getByRole('button', { name: 'Run these 20' }).click();
  await expect.poll(() => story.output('0019'), { timeout: 30000 }).toBe('9.5');
  await expect(panel.locator('.jp-datum-questions')).toContainText('20', { timeout: 30000 });

  // A comment is no other code.
  await page.notebook.setCell(1, 'code', cell.replace('import time', 'import time  # why not'));
  await plan.click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('0of 20 would run');

  // Another number is.
  await page.notebook.setCell(1, 'code', cell.replace('value / 2', 'value / 2.0'));
  await expect(planned).toContainText('The cell was edited since: plan again.');
  await plan.click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('20of 20 would run');
  await expect(planned.locator('.jp-datum-parts')).toHaveText('the cell20');
  await planned.getByRole('button', { name: 'Mark as equivalent …' }).click();
  await accessible(page, '[data-section=plan]');
  await page.screenshot({ path: path.join(PICTURES, 'plan-light.png') });
  await page.theme.setTheme('JupyterLab Dark');
  await accessible(page, '[data-section=plan]');
  await page.screenshot({ path: path.join(PICTURES, 'plan-dark.png') });
  await page.theme.setTheme('JupyterLab Light');
  await planned.getByRole('button', { name: 'Mark as equivalent', exact: true }).click();
  await expect(planned).toContainText('This code counts as equivalent', { timeout: 30000 });
  await expect(planned.locator('.jp-datum-figure')).toHaveText('0of 20 would run');
  await page.notebook.runCell(1, true);
  expect([...story.executions().values()].every(times => times === 1)).toBe(true);

  // What is taken back is stale again, and is marked anew.
  await plan.click();
  await planned.getByRole('button', { name: 'Take the mark back' }).click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('20of 20 would run');
  await planned.getByRole('button', { name: 'Mark as equivalent …' }).click();
  await planned.getByRole('button', { name: 'Mark as equivalent', exact: true }).click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('0of 20 would run');

  // An input goes: its output stays until one says otherwise. No kernel is needed for that.
  await page.notebook.save();
  await page.kernel.shutdownAll();
  fs.rmSync(`${story.folder}/in/0001.txt`);
  await plan.click();
  await planned.getByRole('button', { name: 'Remove the outputs of 1 vanished input …' }).click();
  await expect(planned).toContainText('0001.txt → 0001.half');
  await page.screenshot({ path: path.join(PICTURES, 'plan-prune.png') });
  expect(story.output('0001')).toBe('0.5');
  await planned.getByRole('button', { name: 'Remove them' }).click();
  await expect(planned.locator('.jp-datum-said')).toContainText('1', { timeout: 30000 });
  await expect.poll(() => story.output('0001')).toBeNull();
  expect(fs.readdirSync(`${story.folder}/halves`)).toHaveLength(19);
  expect([...story.executions().values()].every(times => times === 1)).toBe(true);
});

test('a helper is changed: what is stale, and why', async ({ page, tmpPath }) => {
  test.setTimeout(600_000);
  const story = new Story(page, tmpPath);
  story.write(20);
  const helper = (part: number) =>
    fs.writeFileSync(
      `${story.folder}/helpers.py`,
      `def part(number):\n    return number / ${part}\n\n\ndef other():\n    return ${part}\n`
    );
  helper(2);
  const cell = [
    '%%datum halves -i "in/*.txt" -o halves --workers 2',
    'datum.out_file(".half").write_text(str(helpers.part(int(datum.stem))))'
  ].join('\n');
  await story.open(cell);
  await page.notebook.addCell('code', 'import importlib, helpers; importlib.reload(helpers)');
  await page.notebook.runCell(2, true);
  const panel = await story.panel();
  const planned = panel.locator('[data-section=plan]');
  await page.notebook.runCell(1, true);
  await expect.poll(() => story.output('0019'), { timeout: 30000 }).toBe('9.5');

  // The kernel goes on with what it has imported, and the plan says so.
  helper(4);
  fs.writeFileSync(`${story.folder}/in/0100.txt`, '100');
  const plan = panel.getByRole('button', { name: 'Plan', exact: true });
  await plan.click();
  await expect(planned).toContainText('importlib.reload(helpers)', { timeout: 30000 });
  await expect(planned.locator('.jp-datum-figure')).toHaveText('1of 21 would run');

  // No cell was touched; what the cell calls is another, and one file is new.
  await page.notebook.runCell(2, true);
  await plan.click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('21of 21 would run', {
    timeout: 30000
  });
  await expect(planned.locator('.jp-datum-parts')).toHaveText('helpers.part20');
  await expect(planned).toContainText('new1');
  await planned.getByText('code changed').click();
  await expect(planned.locator('details[open]')).toContainText('0000.txt');
  await planned.getByRole('button', { name: 'Run these 21' }).click();
  await expect.poll(() => story.output('0100'), { timeout: 30000 }).toBe('25.0');
  await expect.poll(() => story.output('0019'), { timeout: 30000 }).toBe('4.75');
});

test('a datum tells its history and where it comes from', async ({ page, tmpPath }) => {
  const story = new Story(page, tmpPath);
  story.write(5);
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
  const panel = await story.panel();
  await panel.getByTitle(/^halves:/).click();
  const open = (name: string) =>
    page.evaluate(
      ([command]) => window.jupyterapp.commands.execute(command, { position: 1 }),
      [name]
    );
  await open('datum:open-datum');
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
});
