/**
 * The demo as Binder shows it: what `binder/` builds, on one core and in 1 GiB of memory, while the
 * browser has the other cores: `jlpm bench binder`. Prints one line of JSON. The whole story is
 * asserted, and that it ends within a minute; the rest is measured.
 *
 * `DATUM_BINDER_ENV`: an environment in which `binder/postBuild` has run; else one is made.
 */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';
import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as http from 'http';
import * as os from 'os';
import * as path from 'path';

const REPOSITORY = path.resolve(__dirname, '../..');
const TOKEN = 'binder';
const MEMORY = 2 ** 30;
const CORE = '0';

/** An image that was just pulled has nothing in memory: let go of what building has read. */
const FORGET = `
import os, pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file() and not path.is_symlink():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
`;

/** A control group with the memory that Binder gives, of either version; none if we may not. */
class Limits {
  static make(): Limits | null {
    const top = '/sys/fs/cgroup';
    const old = fs.existsSync(`${top}/memory/memory.limit_in_bytes`);
    const folder = `${top}${old ? '/memory' : ''}/datum-binder-${process.pid}`;
    try {
      fs.mkdirSync(folder);
      fs.writeFileSync(`${folder}/${old ? 'memory.limit_in_bytes' : 'memory.max'}`, `${MEMORY}`);
      const time = old ? folder.replace('/memory/', '/cpuacct/') : folder;
      fs.mkdirSync(time, { recursive: true });
      return new Limits(folder, time, old);
    } catch {
      return null;
    }
  }

  private constructor(
    private readonly folder: string,
    private readonly time: string,
    private readonly old: boolean
  ) {}

  /** What a shell does to enter it, with all that it starts. */
  get entering(): string {
    return [...new Set([this.folder, this.time])]
      .map(name => `echo $$ > ${name}/cgroup.procs; `)
      .join('');
  }

  /** Milliseconds of the core that were had: on a shared machine fewer than have passed. */
  spent(): number {
    return this.old
      ? Number(fs.readFileSync(`${this.time}/cpuacct.usage`, 'utf-8')) / 1e6
      : this._number('cpu.stat', 'usage_usec') / 1e3;
  }

  /** Bytes that are nobody's file: those of a file are given back when they are needed. */
  used(): number {
    const names = this.old ? ['total_rss', 'total_shmem'] : ['anon', 'shmem'];
    return names.map(name => this._number('memory.stat', name)).reduce((a, b) => a + b);
  }

  /** Processes that were killed because the memory did not suffice. */
  killed(): number {
    return this._number(this.old ? 'memory.oom_control' : 'memory.events', 'oom_kill');
  }

  /** End every process in it, and remove it. */
  async close(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      const pids = fs.readFileSync(`${this.folder}/cgroup.procs`, 'utf-8').split('\n');
      for (const pid of pids.filter(Boolean)) {
        end(Number(pid));
      }
      try {
        if (this.time !== this.folder && fs.existsSync(this.time)) {
          fs.rmdirSync(this.time);
        }
        fs.rmdirSync(this.folder);
        return;
      } catch {
        await new Promise(done => setTimeout(done, 50));
      }
    }
  }

  private _number(file: string, name: string): number {
    const text = fs.readFileSync(`${this.folder}/${file}`, 'utf-8');
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** A launched image: a clean copy of the repository, which is the home folder, as on Binder. */
class Launched {
  readonly home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'datum-binder-')));
  readonly limits = Limits.make();
  readonly port = 20000 + (process.pid % 20000);
  peak = 0;

  constructor() {
    execFileSync('git', ['clone', '--quiet', REPOSITORY, this.home]);
    this._environment = { ...process.env, ...this._build() };
    this._clock = setInterval(() => {
      this.peak = Math.max(this.peak, this.limits?.used() ?? 0);
    }, 200);
  }

  /** Start it as Binder does; resolve when the server answers. */
  async start(): Promise<void> {
    const lab = [
      'jupyter lab --no-browser --allow-root --ServerApp.log_level=ERROR',
      `--port=${this.port} --ServerApp.port_retries=0 --IdentityProvider.token=${TOKEN}`
    ].join(' ');
    const command = `${this.limits?.entering ?? ''}exec taskset -c ${CORE} bash binder/start ${lab}`;
    const options = { cwd: this.home, env: this._environment, stdio: 'inherit' } as const;
    this._pid = spawn('bash', ['-c', command], options).pid!;
    while (!(await this._answers())) {
      await new Promise(done => setTimeout(done, 100));
    }
  }

  /** Where the link of the README leads. */
  get url(): string {
    const page = 'lab/tree/notebooks/quickstart.ipynb';
    return `http://127.0.0.1:${this.port}/${page}?token=${TOKEN}`;
  }

  /** What the command line says of the newest run. */
  status(): Record<string, number | string> {
    const args = ['datum', 'status', 'parse', '--json', '--project', 'notebooks'];
    const options = { cwd: this.home, env: this._environment, encoding: 'utf-8' } as const;
    try {
      return JSON.parse(execFileSync('jupyter', args, options))[0];
    } catch (error) {
      // Exit code 1 says that some failed; the answer is there all the same.
      return JSON.parse((error as { stdout: string }).stdout)[0];
    }
  }

  /** How many files the datums have written. */
  written(): number {
    const folder = path.join(this.home, 'notebooks/parsed');
    const all = fs.readdirSync(folder, { recursive: true }) as string[];
    return all.filter(name => name.endsWith('.json')).length;
  }

  async close(): Promise<void> {
    clearInterval(this._clock);
    end(this._pid);
    await this.limits?.close();
    for (const pid of fs.readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        if (fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(this.home)) {
          end(Number(pid));
        }
      } catch {
        // Not ours, or gone.
      }
    }
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The environment of `binder/environment.yml`, made by pip where there is no conda. */
  private _build(): Record<string, string | undefined> {
    const given = process.env.DATUM_BINDER_ENV;
    const folder = given ?? path.join(this.home, '.venv-binder');
    if (!given) {
      execFileSync('python3', ['-m', 'venv', folder]);
    }
    const found = {
      PATH: `${folder}/bin:${process.env.PATH}`,
      JUPYTER_CONFIG_DIR: path.join(this.home, '.jupyter'),
      PYTHONPATH: undefined,
      JUPYTER_PATH: undefined,
      JUPYTER_CONFIG_PATH: undefined
    };
    const options = { cwd: this.home, env: { ...process.env, ...found } };
    if (given) {
      execFileSync('jupyter', ['lab', 'workspaces', 'import', 'binder/workspace.json'], options);
    } else {
      execFileSync('bash', ['binder/postBuild'], options);
    }
    execFileSync('python3', ['-c', FORGET, folder]);
    return { ...found, HOME: this.home };
  }

  private _answers(): Promise<boolean> {
    return new Promise(done => {
      http
        .get(`http://127.0.0.1:${this.port}/login`, response => {
          response.resume();
          done(response.statusCode === 200);
        })
        .on('error', () => done(false));
    });
  }

  private _clock: NodeJS.Timeout;
  private _environment: NodeJS.ProcessEnv;
  private _pid = 0;
}

/**
 * Note in the page when the cell has an output, the map a second colour, and the bar a datum that
 * has ended.
 */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const found = { output: 0, pixel: 0, ended: 0 };
    Object.assign(window, { found });
    const look = (): void => {
      const canvas = document.querySelector<HTMLCanvasElement>('#jupyter-datum-panel canvas');
      const output = document
        .querySelectorAll('.jp-CodeCell')[1]
        ?.querySelector('.jp-OutputArea-output');
      if (!found.output && output) {
        found.output = Date.now();
      }
      if (!found.pixel && canvas?.width && canvas.height) {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const colours = new Set(new Uint32Array(data.buffer));
        colours.delete(0);
        if (colours.size > 1) {
          found.pixel = Date.now();
        }
      }
      const bar = document.querySelector('#jupyter-datum-panel [role=progressbar]');
      if (!found.ended && Number(bar?.getAttribute('aria-valuenow')) > 0) {
        found.ended = Date.now();
      }
      if (!Object.values(found).every(Boolean)) {
        requestAnimationFrame(look);
      }
    };
    look();
  });
}

test('the story on one core and in 1 GiB', async ({ page }) => {
  test.setTimeout(600_000);
  const launched = new Launched();
  const told: Record<string, unknown> = {};
  const ms = (name: string, since: number): void => {
    told[`${name}, ms`] = Date.now() - since;
  };
  const spent = (): number => launched.limits?.spent() ?? NaN;
  try {
    const launch = Date.now();
    await launched.start();
    ms('launch until the server answers', launch);
    const link = Date.now();
    await page.goto(launched.url);
    const cells = page.locator('.jp-Notebook .jp-CodeCell');
    await cells.nth(1).waitFor({ timeout: 120_000 });
    const panel = page.locator('#jupyter-datum-panel');
    await expect(panel).toBeVisible({ timeout: 30_000 });
    await expect(page.locator('.jp-Notebook-ExecutionIndicator[data-status=idle]')).toBeVisible({
      timeout: 60_000
    });
    ms('link until notebook, panel and kernel are there', link);

    const story = Date.now();
    const before = spent();
    await cells.nth(0).locator('.cm-content').click();
    await page.keyboard.press('Shift+Enter');
    await expect(cells.nth(0).locator('.jp-InputPrompt')).toHaveText('[1]:', { timeout: 30_000 });
    ms('first cell', story);

    await cells.nth(1).locator('.cm-content').click();
    await watch(page);
    const pressed = Date.now();
    await page.keyboard.press('Shift+Enter');
    const retry = panel.getByRole('button', { name: /^Retry \d+$/ }).first();
    await expect(cells.nth(1).locator('.jp-InputPrompt')).toHaveText('[2]:', { timeout: 120_000 });
    ms('Shift+Enter until the cell has ended', pressed);
    await expect(retry).toBeVisible({ timeout: 10_000 });
    const found = await page.evaluate(
      () => (window as unknown as { found: Record<string, number> }).found
    );
    told['Shift+Enter to the first output, ms'] = found.output - pressed;
    told['Shift+Enter to the first pixel, ms'] = found.pixel - pressed;
    told['Shift+Enter to the first that has ended, ms'] = found.ended - pressed;
    told.button = await retry.textContent();
    told.datums = await panel.getByRole('progressbar').first().getAttribute('aria-valuemax');

    const opened = Date.now();
    await panel.getByRole('button', { name: 'Open a failed datum of this group' }).first().click();
    await expect(page.locator('body')).toContainText('UnicodeDecodeError');
    await expect(page.locator('body')).toContainText('encoding="ascii"');
    ms('click until a failed datum is read', opened);

    await page.getByRole('tab', { name: 'quickstart.ipynb' }).click();
    await cells.nth(1).getByText('"ascii"', { exact: true }).click();
    await page.keyboard.press('Home');
    await page.keyboard.press('Shift+End');
    await page.keyboard.insertText('with open(datum.path, mode="rb") as file:');
    const again = Date.now();
    await panel.getByRole('button', { name: /^Retry \d+ with the edited cell$/ }).click();
    // Not that there is no button to retry: there is none either while the run goes on.
    await expect(cells.nth(1).locator('.jp-InputPrompt')).toHaveText('[3]:', { timeout: 120_000 });
    await expect(panel.getByRole('progressbar').first()).toHaveAttribute(
      'aria-valuenow',
      `${told.datums}`
    );
    await expect(panel.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
    ms('click until the failed are green', again);
    ms('the whole story', story);
    told['of which the core was had, ms'] = Math.round(spent() - before);
    const last = launched.status();
    told.last = Object.fromEntries(
      ['status', 'success', 'failed', 'skipped'].map(name => [name, last[name]])
    );
    told.files = launched.written();
    expect(told.last).toMatchObject({ status: 'success', failed: 0 });
    expect(`${told.files}`).toBe(told.datums);
    expect(told['the whole story, ms']).toBeLessThan(60_000);
    await page.screenshot({ path: test.info().outputPath('binder.png') });
  } finally {
    told['peak memory without files, MiB'] = Math.round(launched.peak / 2 ** 20);
    told['killed for memory'] = launched.limits?.killed();
    told.load = os.loadavg()[0];
    told.limits = launched.limits ? '1 core, 1 GiB' : '1 core';
    await launched.close();
    console.log(JSON.stringify(told, null, 1));
  }
});
