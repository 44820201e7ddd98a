import { deflateSync } from 'zlib';

import { writeDelta } from '../../codec';
import { counts, PROJECT, RUN } from '../../__tests__/world';
import { MapModel } from '../map';
import { RunModel } from '../run';

/** A run with these states. */
async function ran(states: Uint8Array, status: 'running' | 'failed' = 'failed'): Promise<RunModel> {
  const run = new RunModel(PROJECT, RUN);
  const frame = { type: 'snapshot', project: PROJECT, run: RUN, seq: 0 } as const;
  const body = new Uint8Array(deflateSync(states));
  await run.apply({ ...frame, total: states.length, counts: counts({ status }), body });
  return run;
}

async function delta(run: RunModel, next: Uint8Array, seq: number, planned = 1): Promise<void> {
  const body = writeDelta(run.states.subarray(0, run.total), next);
  const frame = { type: 'delta', project: PROJECT, run: RUN, seq } as const;
  const whole = await run.apply({
    ...frame,
    total: next.length,
    counts: counts({ status: 'running', planned }),
    body
  });
  expect(whole).toBe(true);
}

/** A field of 40 by 20 tiles of 2 px. */
function laid(run: RunModel, options = {}): MapModel {
  const map = new MapModel(run, options);
  map.resize(80, 40);
  map.update();
  return map;
}

const million = () => new Uint8Array(1_000_000).fill(2);

describe('the map', () => {
  it('loses no failure among a million', async () => {
    const states = million();
    states[417_070] = 3;
    const map = laid(await ran(states));
    expect(map.plan.per).toBe(1250);
    expect(map.tiles.length).toBe(800);
    expect([...map.tiles].filter(state => state === 3)).toHaveLength(1);
    expect(map.order.worst([416_250, 417_500])).toBe(417_070);
  });

  it('makes only the tiles that are seen, until all are asked for', async () => {
    const states = million();
    const map = laid(await ran(states));
    const { order } = map;
    map.zoom(99);
    map.pan(100);
    map.update();
    expect(map.order).toBe(order); // nothing is sorted anew
    const { painted, plan, top } = map;
    expect([plan.per, painted.length]).toEqual([1, 1_000_000]);
    const made = [...painted.keys()].filter(tile => painted[tile] === 2);
    expect(made[0]).toBe(top * plan.columns);
    expect(made.length).toBeLessThan(100);
    expect(map.tiles.every(state => state === 2)).toBe(true);
  });

  it('changes only the tiles that a delta touches', async () => {
    const run = await ran(new Uint8Array(8000), 'running');
    const map = laid(run);
    map.tiles.fill(9); // to see which are written
    const next = new Uint8Array(8000);
    next.fill(2, 4000, 4015);
    await delta(run, next, 1);
    expect(map.update()).toBe(false);
    const written = [...map.tiles.keys()].filter(tile => map.tiles[tile] !== 9);
    expect(written).toEqual([400, 401]);
    expect([map.tiles[400], map.tiles[401]]).toEqual([2, 0]); // pending is worse than success
  });

  it('grows with its run', async () => {
    const run = await ran(new Uint8Array(10), 'running');
    const map = laid(run);
    expect(map.tiles.length).toBe(10);
    await delta(run, new Uint8Array(1600), 1);
    expect(map.update()).toBe(true);
    expect(map.plan.per).toBe(2);
  });

  it('leaves what it has where it is while more is listed', async () => {
    const states = new Uint8Array(1501).fill(2);
    const run = await ran(states, 'running');
    const map = laid(run);
    const changed = jest.fn();
    map.changed.connect(changed);
    map.taken();
    for (const [total, failed] of [
      [1503, 1502],
      [1590, 1580]
    ]) {
      const next = new Uint8Array(total);
      next.set(run.states.subarray(0, run.total));
      next[failed] = 3; // of the tile that had room left, then far behind it
      const was = run.total;
      await delta(run, next, total === 1503 ? 1 : 2);
      expect(map.update()).toBe(false);
      const [first, end] = [Math.floor(was / 2), Math.ceil(total / 2)];
      const renewed = map.taken().filter(one => one[0] < first || one[1] > end);
      expect(renewed).toEqual([]);
      expect(map.painted).toEqual(laid(run).tiles);
      expect(map.order.total).toBe(total);
    }
    expect([map.painted[751], map.painted[790]]).toEqual([3, 3]);
    expect(changed).not.toHaveBeenCalled();
  });

  it('keeps its height in the panel while more is listed', async () => {
    const run = await ran(new Uint8Array(0), 'running');
    const map = laid(run, { small: true });
    map.resize(226, 0);
    const heights = new Set<number>();
    for (const [at, total] of [9_000, 15_000, 17_000].entries()) {
      await delta(run, new Uint8Array(total), at + 1, 0);
      map.update();
      heights.add(map.plan.height);
    }
    expect(heights.size).toBe(1);
    const stale = jest.fn();
    map.stale.connect(stale);
    await delta(run, new Uint8Array(17_000), 4);
    expect(stale).toHaveBeenCalled();
    map.update();
    expect(map.plan.height).toBe(2 * map.plan.rows);
  });

  it('keeps how near one looks while more is listed', async () => {
    const run = await ran(new Uint8Array(1000), 'running');
    const map = laid(run);
    map.zoom(2);
    map.update();
    const { per, tile } = map.plan;
    await delta(run, new Uint8Array(90_000), 1);
    map.update();
    expect([map.plan.per, map.plan.tile]).toEqual([per, tile]);
  });

  it('zooms to single datums, and keeps in place what the pointer is at', async () => {
    const map = laid(await ran(million()));
    const rank = 700_000;
    const below = 20;
    for (let step = 1; step < map.steps.length; step++) {
      map.zoom(1, { rank, below });
      const tile = map.at(0, below)!;
      const row = map.plan.columns * map.plan.per;
      expect(Math.abs(tile[0] - rank)).toBeLessThanOrEqual(row);
    }
    expect(map.plan.per).toBe(1);
    expect(map.plan.tile).toBe(32);
    map.zoom(-99);
    expect([map.step, map.top]).toEqual([0, 0]);
  });

  it('pans no farther than its rows', async () => {
    const map = laid(await ran(million()));
    map.zoom(3);
    map.pan(1e9);
    expect(map.top).toBe(map.plan.rows - map.seen);
    map.pan(-1e9);
    expect(map.top).toBe(0);
  });

  it('moves a cursor, into view, and selects with it', async () => {
    const map = laid(await ran(million()));
    map.move(1);
    expect(map.cursor).toEqual([0, 1250]); // the first move shows it
    map.move(1);
    map.move(2, true);
    expect([map.cursor, map.selection]).toEqual([
      [3750, 5000],
      [1250, 5000]
    ]);
    map.zoom(9);
    map.move(Infinity);
    expect(map.cursor).toEqual([999_999, 1_000_000]);
    expect(map.top).toBe(map.plan.rows - map.seen);
    expect(map.selection).toEqual([1250, 5000]);
    expect([map.drop(), map.selection !== null, map.drop(), map.cursor, map.drop()]).toEqual([
      true,
      false,
      true,
      null,
      false
    ]);
  });

  it('goes from one failed datum to the next', async () => {
    const states = new Uint8Array(300).fill(2);
    states[20] = states[200] = 3;
    const map = laid(await ran(states));
    const found = [1, 1, 1, -1].map(step => map.seek(step as 1 | -1) && map.cursor?.[0]);
    expect(found).toEqual([20, 200, 20, 200]);
  });

  it('is ordered by state, and follows what happens', async () => {
    const run = await ran(Uint8Array.of(2, 2, 0, 3), 'running');
    const map = laid(run);
    map.setOrder('state');
    map.update();
    expect([...map.tiles]).toEqual([3, 0, 2, 2]);
    await delta(run, Uint8Array.of(2, 2, 3, 3), 1);
    map.update();
    expect([...map.tiles]).toEqual([3, 3, 2, 2]);
  });

  it('is ordered by duration once the times are here, and says why if they are not', async () => {
    let times = async () => Uint8Array.of(1, 9, 0, 5);
    const run = await ran(Uint8Array.of(2, 3, 0, 2));
    const map = laid(run, { times: () => times() });
    map.setOrder('duration');
    map.update();
    expect(map.order.name).toBe('input');
    await new Promise(resolve => map.times.changed.connect(() => resolve(null)));
    map.update();
    expect([...map.order.positions([0, 4])]).toEqual([1, 3, 0, 2]);
    expect([...map.tiles]).toEqual([3, 2, 2, 0]);

    times = () => Promise.reject(new Error('too many'));
    const other = laid(run, { times: () => times() });
    other.setOrder('duration');
    await new Promise(resolve => other.times.changed.connect(() => resolve(null)));
    other.update();
    expect([other.times.refusal, other.order.name]).toEqual(['too many', 'input']);
  });

  it('asks for the times of an ended run once', async () => {
    let asked = 0;
    const times = async () => Uint8Array.of(1 + ++asked);
    const run = await ran(Uint8Array.of(2));
    const map = laid(run, { times });
    for (const name of ['duration', 'input', 'duration'] as const) {
      map.setOrder(name);
      await new Promise(resolve => setTimeout(resolve));
    }
    expect(asked).toBe(1);
  });

  it('lets go of its run', async () => {
    const run = await ran(new Uint8Array(10), 'running');
    const map = laid(run);
    let told = 0;
    map.stale.connect(() => told++);
    map.dispose();
    await delta(run, new Uint8Array(10).fill(2), 1);
    expect(told).toBe(0);
  });
});
