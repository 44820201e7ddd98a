/**
 * What the panel costs at a million datums, in the real browser on real runs: `jlpm bench
 * panel.spec.ts`. Prints one table; nothing of it is asserted but that it ran. Main-thread times
 * are those of the processor: they say something on a busy machine too, the others do not.
 */
import { expect, test } from '@playwright/test';
import type { Browser, CDPSession, Page } from '@playwright/test';
import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

import { Server } from '../tests/server';
import { costOf, heap, quantile, Socket, Table } from './measure';
import type { ICost } from './measure';

const MILLION = Number(process.env.DATUM_BENCH_N ?? 1_000_000);
/** Datums at the end of a run that take their time, and seconds that each takes. */
const SLOW = 60;
const TAKES = 0.4;
/** Milliseconds of a run that are looked at. */
const LOOK = 8_000;
const table = new Table();

interface IRun {
  project: string;
  run: string;
}

/** A notebook with one transform of so many datums, which is run by the command line. */
class Many {
  constructor(
    private readonly _root: string,
    private readonly _name: string,
    body: string,
    options = ''
  ) {
    this._file = path.join(_root, `${_name}.ipynb`);
    const load = `%load_ext jupyter_datum\nnumbers = range(${MILLION})`;
    const sources = [load, `%%datum ${_name} -i numbers --force ${options}\n${body}`];
    const cells = sources.map((source, at) => ({
      ...{ cell_type: 'code', id: `cell-${at}`, metadata: {}, execution_count: null },
      ...{ outputs: [], source }
    }));
    const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
    const all = { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
    fs.writeFileSync(this._file, JSON.stringify(all));
  }

  /** Run it; resolves at its end. Some datums fail, as they are meant to. */
  run(): Promise<unknown> {
    const child = spawn('jupyter', ['datum', 'run', this._file], { stdio: 'ignore' });
    return new Promise(done => child.on('exit', done));
  }

  /** The newest run, once there are so many. */
  async latest(n: number): Promise<IRun> {
    const home = path.join(this._root, '.datum');
    const at = path.join(home, 'runs');
    let names: string[] = [];
    await expect(() => {
      names = fs.readdirSync(at).filter(name => fs.existsSync(path.join(at, name, 'states')));
      expect(names.length).toBe(n);
    }).toPass({ timeout: 600_000 });
    const age = (name: string) => fs.statSync(path.join(at, name, 'plan')).ctimeMs;
    names.sort((one, two) => age(two) - age(one));
    const project = JSON.parse(fs.readFileSync(path.join(home, 'project.json'), 'utf-8'));
    return { project: project.uuid, run: names[0] };
  }

  private readonly _file: string;
}

/** Open a page without any notebook: nothing of a run is there yet. */
async function lab(page: Page, server: Server): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page);
  await page.goto(`${server.url('lab')}&reset`); // no document of another test comes back
  await page.waitForFunction(() => (window as any).jupyterapp?.restored, null, {
    timeout: 120_000
  });
  await page.evaluate(() => (window as any).jupyterapp.restored);
  await page.waitForTimeout(3000);
  return cdp;
}

/** Open the map of a run, and wait until it is painted; milliseconds. */
function openMap(page: Page, run: IRun): Promise<number> {
  return page.evaluate(async args => {
    const began = performance.now();
    let problem = '';
    (window as any).jupyterapp.commands
      .execute('datum:open-run', { ...args, tab: 'map' })
      .catch((reason: unknown) => (problem = String(reason)));
    while (!problem) {
      await Promise.race([
        new Promise(requestAnimationFrame),
        new Promise(done => setTimeout(done, 50))
      ]);
      const field = [...document.querySelectorAll<HTMLElement>('.jp-datum-map-field')].find(
        one => one.offsetParent !== null
      );
      const shown = field?.querySelector('canvas') ?? null;
      const pen = shown && shown.width > 9 ? shown.getContext('2d') : null;
      if (pen && pen.getImageData(1, 1, 1, 1).data[3]) {
        return performance.now() - began;
      }
      if (performance.now() - began > 300_000) {
        problem = `no map: ${document.querySelector('.jp-datum-document')?.textContent ?? document.body.innerText}`;
      }
    }
    throw new Error(problem);
  }, run as any);
}

test.afterAll(() => console.log(`\n${MILLION} datums\n${table.text()}\n`));

test('opening, zooming, and a run that goes on', async ({ page, browser }) => {
  test.setTimeout(1_500_000);
  const server = await Server.start({ exposed: true });
  try {
    const body = 'if datum.value % 5000 == 77: raise ValueError(datum.value)';
    const many = new Many(server.root, 'many', body);
    await many.run();
    const first = await many.latest(1);
    const cdp = await lab(page, server);
    const before = await heap(cdp);
    let shown = 0;
    const opened = await costOf(browser, page, async () => (shown = await openMap(page, first)));
    const busy = `main thread ${Math.round(opened.all)} ms`;
    table.add('run document, opened cold, until its map is painted', shown, 'ms', 300, busy);
    await page.waitForTimeout(2000);
    table.add('memory of ours with the map', (await heap(cdp)) - before, 'MiB', 16);
    const field = page.locator('.jp-datum-map-tab:visible').getByRole('application');
    const box = (await field.boundingBox())!;
    table.frames('floor: a number that follows the pointer', await floor(browser, page), null);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const hover = await costOf(browser, page, async () => {
      for (let x = 0; x < 60; x++) {
        await page.mouse.move(box.x + 10 * x, box.y + 5 * x);
      }
    });
    table.frames('pointer over the map, with lens and card', hover, 4);
    const wheel = await costOf(browser, page, async () => {
      for (const by of [-100, 100, -100, 100]) {
        for (let turn = 0; turn < 12; turn++) {
          await page.mouse.wheel(0, by);
          await page.waitForTimeout(40);
        }
      }
    });
    table.frames('wheel to single datums and back', wheel, 4);
    await page.mouse.move(box.x + box.width / 2, 5);
    await order(page, 'state');
    await order(page, 'duration');
    table.add('memory of ours, ordered by duration', (await heap(cdp)) - before, 'MiB', 16);
  } finally {
    server.close();
  }
});

/**
 * What the browser and JupyterLab take for a frame in which next to nothing changes: a number in a
 * box that follows the pointer. What frames of ours cost is to be read against it.
 */
async function floor(browser: Browser, page: Page): Promise<ICost> {
  await page.evaluate(() => {
    const box = document.body.appendChild(document.createElement('div'));
    box.style.cssText = 'position: fixed; top: 99px; pointer-events: none; will-change: transform';
    let n = 0;
    const follow = ({ clientX }: PointerEvent) => {
      box.style.transform = `translate(${clientX}px, 0)`;
      box.textContent = String(n++);
    };
    window.addEventListener('pointermove', follow);
    Object.assign(window, {
      sink: () => {
        window.removeEventListener('pointermove', follow);
        box.remove();
      }
    });
  });
  await page.mouse.move(5, 5);
  const cost = await costOf(browser, page, async () => {
    for (let x = 0; x < 60; x++) {
      await page.mouse.move(10 * x, 5);
    }
  });
  await page.evaluate(() => (window as any).sink());
  return cost;
}

/** The order by another column, from the click to the paint. */
async function order(page: Page, name: string): Promise<void> {
  const tab = page.locator('.jp-datum-map-tab:visible');
  const asked = Date.now();
  await tab.getByRole('button', { name, exact: true }).click();
  const note = tab.locator('.jp-datum-map-note').first();
  await expect(note).not.toContainText('reading', { timeout: 120_000 });
  await expect(tab.getByRole('button', { name, exact: true })).toHaveAttribute(
    'aria-pressed',
    'true'
  );
  table.add(`map ordered by ${name}`, Date.now() - asked, 'ms', null);
}

test('a run that goes on', async ({ page, browser }) => {
  test.setTimeout(1_500_000);
  const server = await Server.start({ exposed: true });
  try {
    const body = 'if datum.value % 5000 == 77: raise ValueError(datum.value)';
    const many = new Many(server.root, 'live', body);
    const cdp = await page.context().newCDPSession(page);
    const socket = await Socket.of(cdp);
    await lab(page, server);
    const before = await heap(cdp);
    const run = many.run();
    await openMap(page, await many.latest(1));
    await page.waitForTimeout(1000);
    const bytes = socket.bytes;
    const going = await costOf(browser, page, () => page.waitForTimeout(LOOK));
    table.frames('the map while a run goes on', going, 4);
    const rate = (socket.bytes - bytes) / 1024 / going.seconds;
    const said = `largest message ${Math.round(socket.largest / 1024)} KiB`;
    table.add('the socket while a run goes on', rate, 'KiB/s', null, said);
    await beside(page, 'live.ipynb');
    const both = await costOf(browser, page, () => page.waitForTimeout(LOOK));
    table.frames('map and panel while a run goes on', both, 4);
    await run;
    await page.waitForTimeout(2000);
    table.add('memory of ours after the run', (await heap(cdp)) - before, 'MiB', 16);
  } finally {
    server.close();
  }
});

/** Open a notebook behind the run document, and the panel beside it. */
function beside(page: Page, notebook: string): Promise<void> {
  return page.evaluate(async path => {
    const { commands, shell } = (window as any).jupyterapp;
    const front = shell.currentWidget.id;
    await commands.execute('docmanager:open', { path });
    shell.activateById(front);
    await commands.execute('datum:open-panel', {});
    const begun = () =>
      document.querySelector('#jupyter-datum-panel [data-section=run] .jp-datum-big');
    while (!begun()) {
      await new Promise(done => setTimeout(done, 100));
    }
    await new Promise(done => setTimeout(done, 1000));
  }, notebook);
}

test('a finished datum to its pixel', async ({ page }) => {
  test.setTimeout(1_500_000);
  const server = await Server.start({ exposed: true });
  try {
    const ends = path.join(server.root, 'ends');
    const body = [
      'import time',
      `if datum.value >= ${MILLION - SLOW}:`,
      `    time.sleep(${TAKES})`,
      `    _ = open(${JSON.stringify(ends)}, "a").write(f"{time.time()}\\n")`
    ];
    const many = new Many(server.root, 'pixel', body.join('\n'), '--workers 1 --no-probe');
    await lab(page, server);
    const run = many.run();
    await openMap(page, await many.latest(1));
    // To the last datums, as near as one can look.
    const field = page.locator('.jp-datum-map-tab:visible').getByRole('application');
    const near = async () => {
      await field.focus();
      for (let step = 0; step < 24; step++) {
        await field.press('+');
      }
      await field.press('End');
    };
    await expect(() => expect(fs.existsSync(ends)).toBe(true)).toPass({ timeout: 900_000 });
    await near();
    await page.evaluate(watch);
    await run;
    await page.waitForTimeout(2000);
    const seen = await page.evaluate(
      () => (window as unknown as { seen: [number, number][] }).seen
    );
    const finished = fs.readFileSync(ends, 'utf-8').split('\n').filter(Boolean).map(Number);
    const last = Math.max(...seen.map(([n]) => n));
    const late = seen
      .map(([n, at]) => [finished.length - (last - n), at])
      .filter(([n]) => n > 0 && n <= finished.length)
      .map(([n, at]) => at - finished[n - 1] * 1000);
    const said = `median ${Math.round(quantile(late, 0.5))}, of ${late.length}`;
    const p95 = quantile(late, 0.95);
    table.add('a finished datum to its pixel, 95 %', p95, 'ms', 350, said);
  } finally {
    server.close();
  }
});

/** In the page: note when more of the squares in view have the colour of a success. */
function watch(): void {
  const EDGE = 32;
  const seen: [number, number][] = [];
  Object.assign(window, { seen });
  const fields = [...document.querySelectorAll<HTMLElement>('.jp-datum-map-field')];
  const canvas = fields.find(one => one.offsetParent !== null)!.querySelector('canvas')!;
  const pen = canvas.getContext('2d')!;
  let most = 0;
  const look = () => {
    const { width, height } = canvas;
    const { data } = pen.getImageData(0, 0, width, height);
    const colour = new Uint32Array(data.buffer);
    const first = colour[(EDGE / 2) * width + EDGE / 2];
    let n = 0;
    for (let y = EDGE / 2; y < height; y += EDGE) {
      for (let x = EDGE / 2; x < width; x += EDGE) {
        n += Number(colour[y * width + x] === first);
      }
    }
    if (n > most) {
      most = n;
      seen.push([n, Date.now()]);
    }
    requestAnimationFrame(look);
  };
  look();
}
