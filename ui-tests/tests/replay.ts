/**
 * What the panel would be told in a state that is hard to bring about: for pictures and for axe
 * only. Whatever is tested of behaviour is tested against a real server.
 */
import type { Page, Route, WebSocketRoute } from '@playwright/test';
import { deflateSync } from 'zlib';

export const RUN = 'fedcba9876543210fedcba9876543210';

/** One state of all that the panel shows. */
export interface IFace {
  /** Of the context: `ok`, `foreign`, ... */
  context?: string;
  message?: string;
  /** The run, with what is different from a plain one. */
  run?: Record<string, unknown>;
  /** How many datums of which state byte, in their order. */
  states?: [number, number][];
  groups?: object[];
  workers?: object[];
  clusters?: object[];
  /** Transforms of the saved notebook. */
  transforms?: object[];
  watches?: object[];
  /** Answers to the three questions. */
  overview?: object;
  /** What REST answers, where it is not as of any run; octets, or an object. */
  answer?: (path: string, query: URLSearchParams) => object | Buffer | undefined;
  /** The server has no such half, is older, or is gone once it has said this. */
  server?: 'missing' | 'older' | 'lost';
}

/** The server's part, played. */
export class Replay {
  private constructor(
    private readonly page: Page,
    private readonly cell: string
  ) {}

  /** Stand between a page and its server; `cell` is what the run has recorded. */
  static async before(page: Page, cell: string): Promise<Replay> {
    const replay = new Replay(page, cell);
    await page.routeWebSocket(/\/jupyter-datum\/stream/, socket => replay.talk(socket));
    await page.route(/:\d+\/jupyter-datum\/(?!stream)/, route => replay.answer(route));
    return replay;
  }

  /** Be another server, with another project, in this state. */
  async show(face: IFace): Promise<void> {
    this.face = face;
    this.away = face.server === 'missing' || face.server === 'older';
    this.project = String(++this.made).padStart(32, '0');
    await this.socket?.close();
    await this.read();
    if (face.server === 'lost') {
      await this.page.waitForTimeout(500);
      this.away = true;
      await this.socket?.close();
      await this.page.waitForTimeout(200);
    }
  }

  /** Be the same a moment later. */
  later(face: IFace): void {
    this.face = face;
    this.subscribed(RUN);
    this.put({ type: 'runs', project: this.project }, [this.run()]);
  }

  /** The project that is shown now. */
  get shown(): string {
    return this.project;
  }

  /** Let the panel ask anew, as its own button does. */
  private read(): Promise<unknown> {
    return this.page.evaluate(() =>
      (window as any).jupyterapp.commands.execute('datum:refresh').catch(() => null)
    );
  }

  private async answer(route: Route): Promise<void> {
    const url = new URL(route.request().url());
    const path = url.pathname.split('/jupyter-datum/')[1];
    const { server } = this.face;
    if (this.away && server === 'lost') {
      return route.abort();
    }
    if (this.away && server === 'missing') {
      return route.fulfill({ status: 404, json: { code: 'not-found', message: '' } });
    }
    const told = this.face.answer?.(path, url.searchParams);
    return Buffer.isBuffer(told)
      ? route.fulfill({ body: told, contentType: 'application/octet-stream' })
      : route.fulfill({ json: told ?? this.json(path) });
  }

  private json(path: string): object {
    const { face, project } = this;
    if (path === 'status') {
      return { version: '0.1.0', protocol: face.server === 'older' ? 0 : 1, schema: 1 };
    }
    if (path === 'context') {
      const { context = 'ok', message = '' } = face;
      const shown = ['ok', 'foreign', 'kernel-without-extension', 'version-mismatch'];
      const uuid = shown.includes(context) ? project : null;
      return { state: context, message, project: uuid, root: '', kernel: null };
    }
    if (path === 'transforms') {
      return { transforms: face.transforms ?? [] };
    }
    if (path.endsWith('/watches')) {
      return { watches: face.watches ?? [] };
    }
    if (path.endsWith('/overview')) {
      return { ...OVERVIEW, ...face.overview };
    }
    if (path.endsWith('/history')) {
      return HISTORY;
    }
    if (path.endsWith('/lineage')) {
      return { made: MADE };
    }
    if (path.endsWith('/display')) {
      return { outputs: [] };
    }
    if (path.endsWith('/datums')) {
      return { datums: DATUMS, next: null };
    }
    if (/\/datums\/\d+$/.test(path)) {
      return DETAIL;
    }
    if (path.endsWith('/log')) {
      return { text: 'reading in/0003.txt\n', size: 20, cut: false };
    }
    return { ...this.run(), source: this.cell, untracked: null };
  }

  private talk(socket: WebSocketRoute): void {
    this.socket = socket;
    socket.send(frame({ type: 'hello', proto: 1, version: '0.1.0' }));
    socket.onMessage(text => {
      const said = JSON.parse(String(text));
      if (said.project !== this.project) {
        return;
      }
      if (said.type === 'watch' && this.face.run) {
        this.put({ type: 'runs', project: this.project }, [this.run()]);
        this.put({ type: 'clusters', project: this.project }, this.face.clusters ?? []);
      } else if (said.type === 'subscribe' && this.face.run) {
        this.subscribed(said.run);
      }
    });
  }

  private subscribed(run: string): void {
    const { project, face } = this;
    const parts = (face.states ?? []).map(([state, n]) => new Uint8Array(n).fill(state));
    const states = Buffer.concat(parts);
    const counts = this.run();
    const header = { type: 'snapshot', project, run, seq: ++this.seq, total: states.length, counts };
    this.socket?.send(frame(header, deflateSync(states)));
    this.put({ type: 'groups', project, run }, { groups: face.groups ?? [], other: null });
    this.put({ type: 'workers', project, run }, face.workers ?? []);
  }

  private put(header: object, body: unknown): void {
    this.socket?.send(frame(header, Buffer.from(JSON.stringify(body))));
  }

  private run(): Record<string, unknown> {
    const n = (byte: number) =>
      (this.face.states ?? []).reduce((sum, [state, some]) => sum + (state === byte ? some : 0), 0);
    const total = (this.face.states ?? []).reduce((sum, [, some]) => sum + some, 0);
    return {
      uuid: RUN,
      id: 7,
      name: 'halves',
      transform: 1,
      version: 1,
      engine: 'joblib',
      origin: 'kernel',
      status: 'running',
      message: null,
      requested: Date.now() / 1000 - 250,
      started: Date.now() / 1000 - 249,
      ended: null,
      planned: 1,
      total,
      pending: n(0),
      running: n(1),
      success: n(2),
      failed: n(3),
      recovered: n(4),
      skipped: n(5),
      cancelled: n(6),
      executions: n(2) + n(3),
      seconds: 90,
      saved: 0,
      workers: 4,
      reasons: null,
      left: null,
      retryable: null,
      ...this.face.run
    };
  }

  private away = false;
  private face: IFace = {};
  private made = 0;
  private seq = 0;
  private project = '';
  private socket: WebSocketRoute | null = null;
}

function frame(header: object, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  return Buffer.concat([size, head, body]);
}

const KEYS = ['in/0003.txt', 'in/0013.txt', 'in/0023.txt'];

const DATUMS = KEYS.map((key, at) => ({
  id: at + 1,
  key,
  state: 'failed',
  attempt: 1,
  attempts: 1,
  seconds: 0.02,
  began: 1_790_000_000,
  worker: 'w1',
  position: 10 * at + 3,
  run: RUN,
  group: 1,
  outputs: 0
}));

const ATTEMPT = {
  run: RUN,
  attempt: 1,
  state: 'failed',
  worker: 'w1',
  began: 1_790_000_000,
  seconds: 0.02,
  message: "ValueError: could not convert string to float: '3,5'",
  traceback:
    'Traceback (most recent call last):\n  Cell In[2], line 6\n    value = float(text)\n' +
    "ValueError: could not convert string to float: '3,5'\n",
  phase: 'run',
  place: 'cell line 6',
  log: 20
};

const DETAIL = {
  ...DATUMS[0],
  attempt: 2,
  attempts: [ATTEMPT, { ...ATTEMPT, attempt: 2, began: 1_790_000_009 }],
  inputs: [{ name: '', rel: '0003.txt', size: 3, path: 'in/0003.txt' }],
  outputs: [{ name: '', rel: '0003.half', size: 4, path: null }],
  result: '1.75',
  metrics: { bytes: 3 }
};

const DAY = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** How many datums, how long one takes, how many are new. */
const OVERVIEW = {
  name: 'halves',
  datums: 12_400,
  counting: false,
  times: { looked: 1000, all: false, p50: 0.21, p95: 1.8, longest: 94 },
  days: [0, 1, 2, 5, 9].map(ago => ({ date: DAY(ago), new: 40 * (ago + 1), executions: 300 }))
};

const HISTORY = {
  versions: [2, 1].map(code => ({
    run: RUN,
    at: 1_790_000_000 + code,
    seconds: 0.02,
    state: code === 2 ? 'failed' : 'success',
    attempt: 1,
    code,
    input: '7f79a4d3',
    changed: code === 2 ? ['code'] : []
  })),
  codes: { '1': 'value = float(text)', '2': 'value = float(text) / 2' },
  diff: '--- version 1\n+++ version 2\n-value = float(text)\n+value = float(text) / 2\n'
};

const NODE = {
  id: 1,
  transform: 'halves',
  key: 'in/0003.txt',
  state: 'failed',
  run: RUN,
  version: 2,
  current: true,
  gone: false,
  inputs: { count: 0, capped: false, first: [] as object[] },
  outputs: { count: 0, capped: false, first: [] as object[] },
  up: { count: 0, capped: false, first: [] as object[] },
  down: { count: 0, capped: false, first: [] as object[] }
};

const FILE = { rel: 'in/0003.txt', size: 3, content: '7f79a4d3aa', now: 'unchanged' };

/** A datum with one above it and one below it. */
const MADE = {
  ...NODE,
  inputs: { count: 1, capped: false, first: [{ ...FILE, path: 'in/0003.txt' }] },
  up: { count: 1, capped: false, first: [{ ...NODE, id: 8, transform: 'raw', state: 'success' }] },
  down: {
    count: 14,
    capped: false,
    first: [{ ...NODE, id: 9, transform: 'sums', state: 'success', current: false }]
  }
};

/** The cell in the notebook, what feeds it, and what is made of it. */
export const CHAIN = [
  ['raw', []],
  ['halves', ['raw']],
  ['sums', ['halves', 'raw']]
].map(([name, needs], index) => ({
  name,
  cell_id: `cell-${index}`,
  index,
  line: String(name),
  source: '',
  options: {},
  marked: 'magic',
  mistake: null,
  needs,
  run: null,
  changed: null
}));

/** Two kinds of failures. */
export const GROUPS = [
  {
    id: 1,
    type: 'ValueError',
    message: "could not convert string to float: '<text>'",
    place: 'cell line 6',
    phase: 'run',
    datums: 98,
    first: 1,
    last: 2,
    sample: 1,
    workers: ['w1', 'w2', 'w3']
  },
  {
    id: 2,
    type: 'MemoryError',
    message: 'unable to allocate 2.1 GiB for an array with shape (16384, 16384)',
    place: 'cell line 9',
    phase: 'run',
    datums: 14,
    first: 1,
    last: 2,
    sample: 2,
    workers: ['w3']
  }
];

/** Three that work, and one that is gone. */
export const WORKERS = [1, 2, 3, 4].map(n => ({
  worker: `w${n}`,
  pid: 4000 + n,
  host: 'here',
  up: n < 4 ? 1 : null,
  position: n < 3 ? 600 + n : null,
  key: n < 3 ? `in/0${600 + n}.txt` : null,
  since: Date.now() / 1000 - 4 * n,
  done: 150 + n,
  state: 'running'
}));
