/** A server for tests of the models: real frames over a socket that is held in the hand. */
import { deflateSync } from 'zlib';

import { writeDelta, writeFrame } from '../codec';
import type { IUpkeepRequest } from '../requests';
import type {
  ICounts,
  ICrew,
  IGroup,
  IPlan,
  IRun,
  ISpec,
  ITiming,
  IUpkeep,
  IWatch
} from '../tokens';

export const PROJECT = '0123456789abcdef0123456789abcdef';
export const RUN = 'fedcba9876543210fedcba9876543210';

/** The socket's other end. */
export class FakeSocket {
  readyState = 0;
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly said: any[] = [];

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  frame(header: object, body?: Uint8Array): void {
    this.onmessage?.({ data: writeFrame(header, body) });
  }
}

/** What the models ask. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  asked = 0;
  answer: () => Promise<any> = async () => ({ version: '0', protocol: 1, schema: 1 });

  status(): Promise<any> {
    this.asked++;
    return this.answer();
  }
  socket(): WebSocket {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }
  get last(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }
}

/** Answers what is planned and decided, in the order of `told`; writes down what was asked. */
export class FakeUpkeep {
  readonly asked: IUpkeepRequest[] = [];
  readonly told: Partial<IUpkeep>[] = [];

  async upkeep(_: string, asked: IUpkeepRequest): Promise<string> {
    this.asked.push(asked);
    return 'u';
  }
  readonly givenUp: string[] = [];
  async giveUp(_: string, id: string): Promise<void> {
    this.givenUp.push(id);
  }
  async upkeepOf(): Promise<IUpkeep> {
    const next = this.told.shift() ?? { state: 'refused', message: 'nothing more is told' };
    return { verb: 'plan', state: 'done', message: null, lines: [], plan: null, ...next };
  }
}

/** A runner that watches what it is asked to, but for `refuses`. */
export class FakeWatch {
  there: IWatch[] = [];
  readonly asked: [string, number | null][] = [];
  refuses: string | null = null;

  async watches(): Promise<IWatch[]> {
    return this.there;
  }
  async watch(_: string, transform: string, settle: number | null): Promise<string> {
    this.asked.push([transform, settle]);
    const state = settle === null ? 'stopped' : 'active';
    const one = { transform, settle: settle ?? 2, every: null, state, how: 'events' } as const;
    const message = state === 'active' ? 'its runner has died' : null;
    this.there = this.refuses ? [] : [{ ...one, message, since: 1, runs: 3 }];
    return 'r';
  }
  async answer(): Promise<{ state: string; answer: string | null }> {
    return { state: this.refuses ? 'refused' : 'done', answer: this.refuses };
  }
}

export function aPlan(more: Partial<IPlan> = {}): IPlan {
  return {
    total: 10,
    would_run: 4,
    reasons: { unchanged: 6, 'code changed': 3, new: 1 },
    first: ['a.csv', 'b.csv'],
    why: ['new', 'code changed: helpers.resize'],
    examples: { new: ['a.csv'] },
    keys: { new: ['61'] },
    parts: { 'helpers.resize': 3 },
    environment: {},
    vanished: 0,
    left_input: 0,
    sizes: {},
    errors: [],
    notes: [],
    estimate: null,
    ended: true,
    workers: 2,
    gone: [],
    marked: false,
    ...more
  };
}

export function counts(more: Partial<ICounts> = {}): ICounts {
  return {
    status: 'running',
    running: 0,
    success: 0,
    failed: 0,
    recovered: 0,
    skipped: 0,
    cancelled: 0,
    planned: 1,
    seconds: 0,
    executions: 0,
    workers: 2,
    ended: null,
    ...more
  };
}

export function aRun(more: Partial<IRun> = {}): IRun {
  return {
    ...counts(),
    uuid: RUN,
    id: 7,
    name: 'means',
    transform: 1,
    version: 1,
    engine: 'joblib',
    origin: 'kernel',
    message: null,
    requested: 1,
    started: 2,
    total: 0,
    pending: 0,
    saved: 0,
    reasons: null,
    retryable: null,
    ...more
  };
}

export function aGroup(more: Partial<IGroup> = {}): IGroup {
  return {
    id: 1,
    type: 'ValueError',
    message: 'bad number',
    place: 'cell line 4',
    phase: 'run',
    datums: 3,
    first: 1,
    last: 2,
    sample: 11,
    workers: ['w1', 'w2'],
    ...more
  };
}

/** A run of four datums on two workers, one of which died. */
export function aTiming(more: Partial<ITiming> = {}): ITiming {
  return {
    at: 100,
    looked: 4,
    settled: 4,
    whole: true,
    bytes: 1000,
    sized: 4,
    devices: null,
    times: { datums: 4, p50: 0.5, p95: 2, longest: 4 },
    histogram: { low: -1, width: 0.5, counts: [2, 0, 1, 1], failed: [0, 0, 0, 1] },
    slowest: [
      {
        id: 3,
        position: 2,
        key: 'c.csv',
        state: 'failed',
        seconds: 4,
        worker: 'w2',
        began: 90
      },
      {
        id: 1,
        position: 0,
        key: 'a.csv',
        state: 'success',
        seconds: 0.5,
        worker: 'w1',
        began: 91
      }
    ],
    running: [],
    workers: [
      aCrew(),
      aCrew({ worker: 'w2', state: 'gone', died: true, cause: 'killed by SIGSEGV', gone: 95 })
    ],
    timeline: {
      since: 90,
      until: 100,
      width: null,
      lanes: [
        { worker: 'w1', bars: [[1, 1.5, 1, 0, 1, 0]] },
        { worker: 'w2', bars: [[0, 4, 1, 1, 1, 2]] }
      ],
      more: 0
    },
    ...more
  };
}

export function aCrew(more: Partial<ICrew> = {}): ICrew {
  return {
    worker: 'w1',
    pid: 11,
    host: 'here',
    up: 90,
    position: null,
    key: null,
    since: null,
    done: 2,
    state: 'idle',
    cause: null,
    died: false,
    seconds: 5,
    busy: 0.5,
    memory: 120_000_000,
    device: null,
    gone: null,
    ...more
  };
}

export function aSpec(more: Partial<ISpec> = {}): ISpec {
  return {
    run: RUN,
    id: 7,
    name: 'means',
    source: 'import csv\nmean(datum.path)',
    version: 3,
    notebook: 'work/readings.ipynb',
    cell_id: 'c1',
    input: '*.csv',
    out: 'out/means',
    options: { tries: 2, engine: 'dask' },
    parts: [{ name: 'scale', digest: '0a1b2c3d' }],
    depends: ['table.csv'],
    untracked: ['model.bin'],
    variables: ['HOME'],
    warnings: [],
    notes: [],
    python: '3.12.1',
    packages: { numpy: '2.1.0' },
    engine: 'dask',
    devices: null,
    origin: 'kernel',
    user: 'ada',
    requested: 90,
    started: 91,
    ended: 100,
    ...more
  };
}

export function snapshot(
  socket: FakeSocket,
  seq: number,
  states: Uint8Array,
  more: Partial<ICounts> = {}
): void {
  const header = { type: 'snapshot', project: PROJECT, run: RUN, seq, total: states.length };
  socket.frame({ ...header, counts: counts(more) }, new Uint8Array(deflateSync(states)));
}

export function delta(
  socket: FakeSocket,
  seq: number,
  old: Uint8Array,
  next: Uint8Array,
  more: Partial<ICounts> = {}
): void {
  const header = { type: 'delta', project: PROJECT, run: RUN, seq, total: next.length };
  socket.frame({ ...header, counts: counts(more) }, writeDelta(old, next));
}

/** Let everything that waits go on: inflating takes turns of its own. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** Wait until something holds; a test ends by its own time-out if it never does. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
