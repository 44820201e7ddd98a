/** Plans: what an edit would cost, a mark that it costs nothing, and what has vanished. */
import { expect as expectSoon, test } from '@jupyterlab/galata';
import * as fs from 'fs';
import * as path from 'path';

import { accessible, theme, THEMES } from './looking';
import { Story } from './story';

/** On a slow machine, too. */
const expect = expectSoon.configure({ timeout: 60_000 });

const PICTURES = path.join(__dirname, '..', 'pictures');

test('edit, plan, mark as equivalent, remove what vanished', async ({ page, tmpPath }) => {
  test.setTimeout(600_000);
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
  for (const shade of ['dark', 'contrast', 'light'] as const) {
    await theme(page, THEMES[shade]);
    await accessible(page, '[data-section=plan]', 'colours');
    await page.screenshot({ path: path.join(PICTURES, `plan-${shade}.png`) });
  }
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
  await plan.click(); // the cell is not the one that ran: the server starts a kernel to read it
  await expect(planned.locator('.jp-datum-figure')).toHaveText('0of 19 would run');
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
  await planned.locator('.jp-datum-reasons summary', { hasText: 'code changed' }).click();
  await expect(planned.locator('details[open]')).toContainText('0000.txt');

  // One reason, and one datum of another: these run, and no other.
  await planned.getByRole('checkbox', { name: 'Choose those with: new' }).check();
  await planned.getByRole('checkbox', { name: 'Choose 0003.txt' }).check();
  await planned.getByRole('button', { name: 'Run selected (2)' }).click();
  await expect.poll(() => story.output('0100'), { timeout: 30000 }).toBe('25.0');
  await expect.poll(() => story.output('0003'), { timeout: 30000 }).toBe('0.75');
  expect(story.output('0019')).toBe('9.5');
  await expect(panel.locator('[data-section=run]')).toContainText('Run 2');
  await expect.poll(() => story.status()).toMatchObject({ status: 'success', success: 2 });
  await plan.click();
  await expect(planned.locator('.jp-datum-figure')).toHaveText('19of 21 would run', {
    timeout: 30000
  });
  await planned.getByRole('button', { name: 'Run these 19' }).click();
  await expect.poll(() => story.output('0019'), { timeout: 30000 }).toBe('4.75');
});
