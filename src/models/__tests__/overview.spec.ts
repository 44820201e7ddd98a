/** The three questions about a transform. */
import { Signal } from '@lumino/signaling';

import { aRun, PROJECT, until } from '../../__tests__/world';
import type { IOverview } from '../../tokens';
import { OverviewModel } from '../overview';
import { RunModel } from '../run';

it('keeps what it knew while the next run still lists its datums', async () => {
  const changed = new Signal<object, void>({});
  const panel: any = { changed, runs: { changed }, project: PROJECT, row: null };
  const answers = [
    { name: 'long', datums: 80, counting: false, days: [], times: null },
    { name: 'long', datums: 0, counting: true, days: [], times: null },
    { name: 'long', datums: 81, counting: false, days: [], times: null }
  ];
  let asked = 0;
  const overview = async () => answers[asked++] as unknown as IOverview;
  const model = new OverviewModel(panel, { overview });
  const look = async (uuid: string, ended: number | null): Promise<number | undefined> => {
    const before = asked;
    panel.row = { name: 'long', run: aRun({ name: 'long', uuid, ended }) };
    changed.emit();
    await until(() => asked > before);
    await new Promise(done => setTimeout(done));
    return model.answers?.datums;
  };
  expect(await look('a', 5)).toBe(80);
  expect(await look('b', null)).toBe(80);
  expect(await look('b', 9)).toBe(81);
  model.dispose();
});

it('counts on with the run that lists them', async () => {
  const changed = new Signal<object, void>({});
  const run = aRun({ name: 'first', ended: null });
  const model = new RunModel(PROJECT, run.uuid);
  const row = { name: 'first', run };
  const panel: any = { changed, runs: { changed }, project: PROJECT, row, run: model };
  const overview = async () =>
    ({ name: 'first', datums: 8, counting: true, days: [], times: { p50: 1 } }) as any;
  const shown = new OverviewModel(panel, { overview });
  let emitted = 0;
  shown.changed.connect(() => emitted++);
  await until(() => shown.answers !== null);
  const seen: unknown[] = [];
  for (const [total, planned] of [
    [5, 0],
    [16, 0],
    [16, 0],
    [20, 1]
  ] as const) {
    model.learn({ ...run, total, planned });
    await new Promise(done => setTimeout(done, 20));
    seen.push({ ...shown.datums, emitted });
  }
  const first = (seen[0] as { emitted: number }).emitted;
  expect(seen).toEqual([
    { count: 8, listing: true, emitted: first },
    { count: 16, listing: true, emitted: first + 1 },
    { count: 16, listing: true, emitted: first + 1 },
    { count: 20, listing: false, emitted: first + 2 }
  ]);
  shown.dispose();
});

it('asks again when the first datums of a first run have ended, and is silent until then', async () => {
  const changed = new Signal<object, void>({});
  const run = aRun({ name: 'first', ended: null });
  const model = new RunModel(PROJECT, run.uuid);
  const row = { name: 'first', run };
  const panel: any = { changed, runs: { changed }, project: PROJECT, row, run: model };
  const times = { p50: 1, p95: 2, longest: 3, looked: 9, all: true };
  let asked = 0;
  // The second answer is of a moment before: it does not know the first datum yet.
  const overview = async () =>
    ({ name: 'first', datums: 9, days: [], times: ++asked < 3 ? null : times }) as any;
  const shown = new OverviewModel(panel, { overview });
  const seen: unknown[] = [];
  for (const executions of [0, 0, 1, 2, 2, 3, 4, 9]) {
    model.learn({ ...run, executions });
    await new Promise(done => setTimeout(done, 20));
    seen.push([executions, asked, shown.answers?.times?.p50 ?? null]);
  }
  expect(seen).toEqual([
    [0, 1, null],
    [0, 1, null],
    [1, 2, null],
    [2, 2, null],
    [2, 2, null],
    [3, 3, 1],
    [4, 3, 1],
    [9, 3, 1]
  ]);
  shown.dispose();
});
