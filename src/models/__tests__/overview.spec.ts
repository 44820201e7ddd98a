/** The three questions about a transform. */
import { Signal } from '@lumino/signaling';

import { aRun, PROJECT, until } from '../../__tests__/world';
import type { IOverview } from '../../tokens';
import { OverviewModel } from '../overview';

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
