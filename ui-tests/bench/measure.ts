/** How a page is measured: main-thread time from a trace, memory, bytes of the socket, a table. */
import type { Browser, CDPSession, Page } from '@playwright/test';
import * as fs from 'fs';
import * as path from 'path';

/** One event of a trace of Chromium; times in microseconds. */
interface IEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** Of the processor: what others do on the machine is not in it. */
  tdur?: number;
  args?: { name?: string };
}

/** Main-thread time of a page, in milliseconds. */
export interface ICost {
  /** All of it. */
  all: number;
  /** Of each frame, with all that was done since the one before. */
  frames: number[];
  /** Seconds that were looked at. */
  seconds: number;
  /** Whether that is time of the processor, and not of the clock. */
  exact: boolean;
}

const CATEGORIES = [
  'toplevel',
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  '__metadata'
];
/** Where traces are kept, each with samples of what runs, to find out what took so long. */
const KEEP = process.env.DATUM_BENCH_TRACES;
const SAMPLES = ['disabled-by-default-v8.cpu_profiler'];
const TASKS = ['RunTask', 'ThreadControllerImpl::RunTask'];
/** What only a task does that makes a frame. */
const FRAME = ['FireAnimationFrame', 'PrePaint', 'Paint', 'Commit', 'BeginMainThreadFrame'];

/** What the page's main thread costs while something goes on. */
export async function costOf(
  browser: Browser,
  page: Page,
  during: () => Promise<unknown>
): Promise<ICost> {
  const began = Date.now();
  await browser.startTracing(page, { categories: [...CATEGORIES, ...(KEEP ? SAMPLES : [])] });
  let trace: Buffer;
  let seconds = 0;
  try {
    await during();
  } finally {
    seconds = (Date.now() - began) / 1000;
    trace = await browser.stopTracing();
  }
  if (KEEP) {
    fs.writeFileSync(path.join(KEEP, `${began}.json`), trace);
  }
  return { ...read(JSON.parse(trace.toString('utf-8')).traceEvents), seconds };
}

function read(events: IEvent[]): Omit<ICost, 'seconds'> {
  const main = mainThread(events);
  const mine = events.filter(one => `${one.pid}/${one.tid}` === main);
  const kind = TASKS.find(name => mine.some(one => one.name === name));
  const tasks = mine.filter(one => one.ph === 'X' && one.name === kind);
  tasks.sort((one, two) => one.ts - two.ts);
  const marks = mine.filter(one => FRAME.includes(one.name)).map(one => one.ts);
  marks.sort((one, two) => one - two);
  const cost = (one: IEvent) => (one.tdur ?? one.dur ?? 0) / 1000;
  const frames: number[] = [];
  let [spent, at] = [0, 0];
  for (const task of tasks) {
    spent += cost(task);
    while (at < marks.length && marks[at] < task.ts) {
      at++;
    }
    if (at < marks.length && marks[at] <= task.ts + (task.dur ?? 0)) {
      frames.push(spent);
      spent = 0;
    }
  }
  const all = tasks.reduce((sum, one) => sum + cost(one), 0);
  return { all, frames, exact: tasks.some(one => one.tdur !== undefined) };
}

/** The main thread that did most: of the page, not of a worker or another tab. */
function mainThread(events: IEvent[]): string {
  const spent = new Map<string, number>();
  for (const one of events) {
    if (one.name === 'thread_name' && one.args?.name === 'CrRendererMain') {
      spent.set(`${one.pid}/${one.tid}`, 0);
    }
  }
  for (const one of events) {
    const key = `${one.pid}/${one.tid}`;
    const was = spent.get(key);
    if (was !== undefined && TASKS.includes(one.name)) {
      spent.set(key, was + (one.dur ?? 0));
    }
  }
  return [...spent].sort((one, two) => two[1] - one[1])[0]?.[0] ?? '';
}

/** MiB that the page's scripts hold: objects, and the buffers that typed arrays lie in. */
export async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  const used = (await cdp.send('Runtime.getHeapUsage')) as unknown as Record<string, number>;
  return (used.usedSize + (used.backingStorageSize ?? 0)) / 2 ** 20;
}

/** Counts what comes over the page's socket of runs; to be made before the page is opened. */
export class Socket {
  bytes = 0;
  largest = 0;

  static async of(cdp: CDPSession): Promise<Socket> {
    const socket = new Socket();
    const mine = new Set<string>();
    cdp.on('Network.webSocketCreated', ({ requestId, url }) => {
      if (url.includes('jupyter-datum/stream')) {
        mine.add(requestId);
      }
    });
    cdp.on('Network.webSocketFrameReceived', ({ requestId, response }) => {
      if (mine.has(requestId)) {
        const size = Math.floor((response.payloadData.length * 3) / 4); // base64
        socket.bytes += size;
        socket.largest = Math.max(socket.largest, size);
      }
    });
    await cdp.send('Network.enable');
    return socket;
  }
}

export const quantile = (values: readonly number[], q: number): number =>
  values.length ? [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))] : NaN;

/** What was found, with what it should be at most. */
export class Table {
  add(what: string, figure: number, unit: string, target: number | null, said = ''): void {
    const met = target === null ? '' : figure <= target ? 'met' : 'missed';
    const most = target === null ? '' : `<= ${target}`;
    this._rows.push([what, `${short(figure)} ${unit}`, most, met, said]);
    // For benchmarks/panel.py, which shows and keeps them as those of all other benchmarks.
    const file = process.env.DATUM_BENCH_JSON;
    if (file) {
      const row = { what, figure, unit, target: target ?? '', met, said };
      fs.appendFileSync(file, `${JSON.stringify(row)}\n`);
    }
  }

  /** Median and 95 % of what frames cost, against a target of the latter. */
  frames(what: string, cost: ICost, target: number | null): void {
    const [median, p95] = [quantile(cost.frames, 0.5), quantile(cost.frames, 0.95)];
    const share = (100 * cost.all) / (1000 * cost.seconds);
    const said = [
      `median ${short(median)}, longest ${short(Math.max(0, ...cost.frames))}`,
      `${cost.frames.length} frames in ${short(cost.seconds)} s`,
      `main thread busy ${short(share)} %${cost.exact ? '' : ', by the clock'}`
    ];
    this.add(`${what}, main thread a frame, 95 %`, p95, 'ms', target, said.join('; '));
  }

  text(): string {
    const rows = [['what', 'figure', 'target', '', ''], ...this._rows];
    const wide = [0, 1, 2, 3].map(at => Math.max(...rows.map(row => row[at].length)));
    return rows
      .map(row =>
        row
          .map((cell, at) => cell.padEnd(wide[at] ?? 0))
          .join('  ')
          .trimEnd()
      )
      .join('\n');
  }

  private readonly _rows: string[][] = [];
}

function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '?';
}
