/** How a recorded run went: durations, workers, who worked when. */
import type { IDatum, ITiming } from '../../src/protocol';
import type { Recorded } from './recorded';
import { chance, NOW } from './recordedparts';

/** The byte of the state. */
const FAILED = 3;

export function timingOf(run: Recorded): ITiming {
    const some = Math.min(run.total, 20_000);
    const places = Array.from({ length: some }, (_, n) => Math.floor((n * run.total) / some));
    const timed = places.filter(place => run.seconds(place) !== null);
    const scale = run.total / Math.max(1, some);
    const known = timed.map(place => run.seconds(place) as number).sort((a, b) => a - b);
    const columns = { low: -3, width: 0.125 };
    const most = Math.max(...timed.map(place => run.seconds(place)!), 0.01);
    const last = Math.floor((Math.log10(most) - columns.low) / columns.width);
    const counts = new Array<number>(last + 1).fill(0);
    const failed = counts.slice();
    for (const place of timed) {
      const at = Math.floor((Math.log10(run.seconds(place)!) - columns.low) / columns.width);
      const column = Math.max(0, at);
      counts[column] += Math.round(scale);
      failed[column] += run.states[place] === FAILED ? 1 : 0;
    }
    const slowest = timed.sort((a, b) => run.seconds(b)! - run.seconds(a)!).slice(0, 20);
    const settled = Math.round(known.length * scale);
    const at = (share: number) => known[Math.min(known.length - 1, Math.floor(known.length * share))];
    return {
      at: NOW,
      looked: settled,
      settled,
      whole: true,
      bytes: run.total ? run.total * 219_136 : null,
      sized: settled,
      devices: run.total ? '4 CPUs, 1 GPU' : null,
      times: known.length
        ? { datums: settled, p50: at(0.5), p95: at(0.95), longest: at(1) }
        : null,
      histogram: known.length ? { ...columns, counts, failed } : null,
      slowest: slowest.map(place => ({
        ...(run.datum(place) as IDatum & { worker: string; began: number; id: number }),
        seconds: run.seconds(place)!
      })),
      running: run.going
        ? [0, 1, 2].map(n => ({
            position: run.done + n,
            key: run.key(run.done + n),
            worker: `w${n + 1}`,
            began: NOW - (n ? 0.4 : 9.2),
            seconds: n ? 0.4 : 9.2,
            slow: !n
          }))
        : [],
      workers: crewOf(run),
      timeline: known.length ? timeline() : null
    };
  }

function crewOf(run: Recorded): ITiming['workers'] {
    const gone = { ...run.workers()[2], worker: 'w6', pid: 4006, position: null, key: null };
    const all = run.total > 20 ? [...run.workers(), gone] : run.workers();
    return all.map((one, at) => ({
      worker: one.worker,
      pid: one.pid,
      host: one.host,
      up: NOW - 249,
      position: one.position,
      key: one.key,
      since: one.since,
      gone: at === 5 ? NOW - 20 : run.going ? null : NOW - 60,
      done: one.done,
      state: at === 5 || !run.going ? 'gone' : 'busy',
      cause: at === 5 ? 'killed by the system, most likely for memory' : null,
      died: at === 5,
      seconds: 200,
      busy: 0.94 + at * 0.01,
      memory: one.memory ?? null,
      device: one.device ?? null
    }));
  }

function timeline(): ITiming['timeline'] {
    const lanes = [1, 2, 3, 4, 5].map(n => ({
      worker: `w${n}`,
      bars: Array.from({ length: 100 }, (_, at) => {
        const begin = at * 0.3;
        const bad = Number(chance(at, n + 20) < 0.02);
        return [begin, begin + 0.3, 735, bad, 0.8 + chance(at, n) * 0.2, -1] as [
          number,
          number,
          number,
          number,
          number,
          number
        ];
      })
    }));
    return { since: NOW - 30, until: NOW, width: 0.3, lanes, more: 0 };
  }

