/**
 * A run of any size as a server would tell of it, at a moment that stays the same: for pictures
 * and for axe only. Rows are made when they are asked for, so that a million costs as little.
 */
import { deflateSync } from 'zlib';

import type {
  IDatum,
  IDatumDetail,
  IGroup,
  IOverview,
  IRun,
  IRows,
  ITableRow,
  IWorker,
  Status
} from '../../src/protocol';
import {
  ATTEMPT, chance, CODE, DAYS, GROUPS, HISTORY, LOG, NOW, preview, SOURCE, SPEC, TIMES
} from './recordedparts';
import { graphOf, madeOf, STATES } from './recordedlineage';
import { timingOf } from './recordedtiming';
import { RUN } from './replay';
import type { IFace } from './replay';

const [PENDING, RUNNING, SUCCESS, FAILED, RECOVERED, SKIPPED] = [0, 1, 2, 3, 4, 5];

/** What has failed most, and where: a bad shard shows as a stripe. */
const SHARD = [0.417, 0.4171] as const;
const ENDS = 0.612;

/** A run of `total` datums; those of thousands are in their midst, others have ended. */
export class Recorded {
  constructor(readonly total: number) {
    this.going = total > 1000;
    this.done = this.going ? Math.floor(total * ENDS) : total;
    this.states = Uint8Array.from({ length: total }, (_, place) => this.stateAt(place));
    this.failed = [...this.states.keys()].filter(place => this.states[place] === FAILED);
  }

  readonly going: boolean;
  readonly states: Uint8Array;

  /** What the replay shows. */
  get face(): IFace {
    const { going, total } = this;
    const status: Status = going ? 'running' : this.failed.length ? 'failed' : 'success';
    const ended = going ? null : NOW - 60;
    return {
      run: this.run({ status, ended, planned: 1 }),
      states: [...this.states].length ? stretches(this.states) : [],
      groups: this.groups(),
      workers: this.workers(),
      context: 'ok',
      answer: (path, query) => this.answer(path, query),
      overview: {
        name: 'segment',
        datums: total,
        counting: false,
        times: total ? { looked: Math.min(total, 100_000), all: true, ...TIMES } : null,
        days: total ? DAYS.map(day => ({ ...day, new: Math.ceil(day.new * total * 1e-6) })) : []
      } satisfies IOverview
    };
  }

  /** Ten seconds before: what has been done since tells how fast it goes. */
  get before(): IFace {
    const since = Math.floor(this.done - this.total * 0.0245);
    const states = this.states.map((state, place) =>
      this.going && place >= since && place < this.done ? PENDING : state
    );
    return { ...this.face, states: stretches(states) };
  }

  protected answer(path: string, query: URLSearchParams): object | Buffer | undefined {
    const [, rest = ''] = /^projects\/[^/]+\/(.*)$/.exec(path) ?? [];
    const number = Number(/\d+/.exec(rest.replace(RUN, ''))?.[0]);
    const known: [RegExp, () => object | Buffer][] = [
      [/^runs$/, () => ({ runs: this.runs(), next: null })],
      [/^runs\/6+$/, () => ({ ...this.runs()[0], source: SOURCE.join('\n'), untracked: null })],
      [/\/rows$/, () => this.rows(query)],
      [/\/durations$/, () => this.durations()],
      [/\/timing$/, () => timingOf(this)],
      [/\/spec$/, () => SPEC],
      [/\/positions\/\d+$/, () => this.datum(number)],
      [/\/positions\/\d+\/log$/, () => ({ ...LOG, worker: 'w2', began: NOW - 9.2, exact: true })],
      [/runs\/[^/]+\/datums$/, () => this.page(query)],
      [/^datums\/\d+$/, () => this.detail(number - 1)],
      [/^datums\/\d+\/code$/, () => CODE],
      [/^datums\/\d+\/preview$/, () => preview(query.get('side') ?? 'input')],
      [/^datums\/\d+\/history$/, () => HISTORY],
      [/^datums\/\d+\/lineage$/, () => ({ made: madeOf(this.datum(number - 1)) })],
      [/^datums\/\d+\/log$/, () => LOG],
      [/^graph$/, () => graphOf(this.states, this.face.run!.status as Status)]
    ];
    return known.find(([form]) => form.test(rest))?.[1]();
  }

  // -- datums ------------------------------------------------------------------------------

  private stateAt(place: number): number {
    const { going, total, done } = this;
    if (going && place >= done) {
      return place < done + 32 ? RUNNING : PENDING;
    }
    const part = place / total;
    const shard = part >= SHARD[0] && part < SHARD[1];
    if (this.fails(place)) {
      return FAILED;
    }
    if (total <= 20 ? place % 10 === 7 || total === 1 : shard || chance(place) < 14 / total) {
      return FAILED;
    }
    if (total <= 20) {
      return place === 4 ? RECOVERED : place < 3 ? SKIPPED : SUCCESS;
    }
    return chance(place, 2) < 20 / total ? RECOVERED : SUCCESS;
  }

  /** What fails besides. */
  protected fails(_place: number): boolean {
    return false;
  }

  key(place: number): string {
    const shard = Math.floor((place / Math.max(this.total, 1000)) * 1000);
    return `shard-${String(shard).padStart(4, '0')}/${String(place % 1000).padStart(4, '0')}.tif`;
  }

  seconds(place: number): number | null {
    const state = this.states[place];
    if (state === PENDING || state === SKIPPED || state === RUNNING) {
      return null;
    }
    const slow = chance(place, 3);
    return 0.0018 * 2 ** (chance(place, 4) * 3.4) * (slow > 0.9995 ? 900 : slow > 0.97 ? 40 : 1);
  }

  datum(place: number): IDatum {
    const state = this.states[place];
    const tried = state !== PENDING && state !== SKIPPED;
    return {
      id: place + 1,
      key: this.key(place),
      state: STATES[state],
      attempt: state === FAILED || state === RECOVERED ? 2 : 1,
      attempts: state === FAILED || state === RECOVERED ? 2 : Number(tried),
      seconds: this.seconds(place),
      began: tried ? NOW - 190 + (place / this.total) * 180 : null,
      worker: tried ? `w${1 + (place % 5)}` : null,
      position: place,
      run: RUN,
      group: state === FAILED ? this.groupOf(place) : null,
      outputs: state === SUCCESS || state === RECOVERED ? 1 : 0
    };
  }

  private page(query: URLSearchParams): object {
    const group = Number(query.get('group'));
    const mine = this.failed.filter(place => !group || this.groupOf(place) === group);
    const limit = Number(query.get('limit') ?? 50);
    const datums = mine.slice(0, limit).map(place => this.datum(place));
    return { datums, next: mine.length > limit ? 'more' : null };
  }

  private rows(query: URLSearchParams): IRows {
    const failing = (query.get('filter') ?? '').includes('state:failed');
    const [first, limit] = [Number(query.get('first')), Number(query.get('limit') ?? 100)];
    const matches = failing ? this.failed.length : this.total;
    const compared = query.get('other') !== null;
    const rows = Array.from({ length: Math.max(0, Math.min(limit, matches - first)) }, (_, at) => {
      const place = failing ? this.failed[first + at] : first + at;
      return { ...this.row(place), ...(compared ? { other: this.other(place) } : {}) };
    });
    return { rows, first, matches, total: this.total, metrics: ['masks', 'score'] };
  }

  private row(place: number): ITableRow {
    const { attempts, outputs, ...datum } = this.datum(place);
    const group = this.groups().find(one => one.id === datum.group);
    const told = datum.state === 'success' || datum.state === 'recovered';
    return {
      ...datum,
      tries: attempts as number,
      outputs: outputs as number,
      error: group ? { type: group.type, message: group.message } : null,
      metrics: told
        ? {
            masks: Math.floor(chance(place, 5) * 40),
            score: Math.round(chance(place, 6) * 1000) / 1000
          }
        : {},
      earlier: datum.state === 'skipped',
      file: told ? { path: `out/segment/${datum.key}`, image: true } : null
    };
  }

  /** What it came to in the run before: some were not there, some failed, some had other figures. */
  private other(place: number): ITableRow['other'] {
    if (chance(place, 7) < 0.1) {
      return null;
    }
    const failed = chance(place, 8) < 0.1;
    const same = chance(place, 9) < 0.4;
    const { metrics } = this.row(place);
    const masks = (metrics.masks as number) + (same ? 0 : Math.floor(chance(place, 5) * 9) - 4);
    return {
      state: failed ? 'failed' : 'success',
      seconds: 0.002 + chance(place, 6) * 0.02,
      metrics: failed || !('masks' in metrics) ? {} : { masks, score: 0.934 },
      differs: failed ? ['state'] : same ? [] : ['metrics']
    };
  }

  protected detail(place: number): IDatumDetail {
    const datum = this.datum(place);
    const failing = datum.state === 'failed';
    const attempts = Array.from({ length: Math.max(1, datum.attempts as number) }, (_, at) => ({
      ...ATTEMPT,
      attempt: at + 1,
      state: failing || at + 1 < (datum.attempts as number) ? ('failed' as const) : datum.state,
      began: (datum.began ?? NOW) + at,
      ...(failing ? {} : { message: null, traceback: null, place: null, partial: [] })
    }));
    const rel = datum.key as string;
    return {
      ...datum,
      attempts,
      inputs: [{ name: '', rel, size: 219_136, path: `tiles/${rel}` }],
      outputs: failing ? [] : [{ name: '', rel, size: 11_264, path: `out/segment/${rel}` }],
      result: failing ? null : '12',
      metrics: failing ? null : { masks: 12, score: 0.934 },
      files: [1, failing ? 0 : 1]
    };
  }

  protected groupOf(place: number): number {
    const part = place / this.total;
    return this.total <= 20 || (part >= SHARD[0] && part < SHARD[1]) ? 1 : place % 7 ? 2 : 3;
  }

  /** What fails, and how. */
  protected get kinds(): readonly IGroup[] {
    return GROUPS;
  }

  private groups(): IGroup[] {
    const sized = this.kinds.map(group => {
      const mine = this.failed.filter(place => this.groupOf(place) === group.id);
      return { ...group, datums: mine.length, sample: mine.length ? mine[0] + 1 : null };
    });
    return sized.filter(group => group.datums).sort((one, two) => two.datums - one.datums);
  }

  // -- the run -----------------------------------------------------------------------------

  private run(more: Partial<IRun>): Record<string, unknown> {
    const ran = this.states.reduce((sum, state) => sum + Number(state > 1 && state !== SKIPPED), 0);
    return {
      name: 'segment',
      requested: NOW - 250,
      started: NOW - 249,
      executions: ran,
      seconds: ran * 0.0061,
      saved: this.total ? 9660 : 0,
      workers: 5,
      notebook: 'segment.ipynb',
      engine: 'joblib',
      reasons: this.total ? { new: ran } : null,
      ...more
    };
  }

  private runs(): IRun[] {
    const one = { uuid: RUN, id: 7, ...this.run({}) } as unknown as IRun;
    const counts = { running: 0, skipped: 0, recovered: 0, cancelled: 0, pending: 0 };
    return [6, 4].map(id => ({
      ...one,
      ...counts,
      id,
      uuid: String(id).repeat(32),
      status: id === 6 ? ('success' as const) : ('failed' as const),
      total: this.total,
      success: id === 6 ? this.total : Math.floor(this.total * 0.9),
      failed: id === 6 ? 0 : Math.ceil(this.total * 0.1),
      started: NOW - 86_400 * (8 - id),
      ended: NOW - 86_400 * (8 - id) + 600,
      planned: 1,
      saved: id === 6 ? 5000 : 0
    }));
  }

  workers(): IWorker[] {
    return [1, 2, 3, 4, 5].map(n => ({
      worker: `w${n}`,
      pid: 4000 + n,
      host: 'node-7',
      up: NOW - 249,
      position: this.going ? this.done + n : null,
      key: this.going ? this.key(this.done + n) : null,
      since: this.going ? NOW - (n === 2 ? 9.2 : 0.4) : null,
      done: Math.floor(this.done / 5),
      state: this.going ? 'busy' : 'idle',
      slow: this.going && n === 2,
      memory: 612_000_000 + 23_000_000 * n,
      device: n === 5 ? 'cuda:0' : null,
      behind: this.going ? 6 : 0
    }));
  }

  private durations(): Buffer {
    const codes = this.states.map((_, place) => {
      const seconds = this.seconds(place);
      return seconds ? Math.min(255, 1 + Math.floor(6 * Math.log2(seconds * 1e6))) : 0;
    });
    return deflateSync(codes);
  }

  readonly done: number;
  protected readonly failed: number[];
}

/** Bytes as the replay takes them: state and how often, in their order. */
function stretches(states: Uint8Array): [number, number][] {
  const out: [number, number][] = [];
  for (const state of states) {
    const last = out[out.length - 1];
    if (last && last[0] === state) {
      last[1]++;
    } else {
      out.push([state, 1]);
    }
  }
  return out;
}
