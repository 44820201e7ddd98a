/** What stands among JupyterLab's notifications: one for a transform, and never an outdated one. */
import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { aRun, PROJECT, until } from '../../__tests__/world';
import type { ITold } from '../../models/runs';
import { Commands } from '../../tokens';
import type { IRun } from '../../tokens';
import { begin } from '../noticing';
import type { ICore } from '../tokens';

describe('notifications', () => {
  const sender = {};
  const told = new Signal<object, ITold>(sender);
  const cells = new Signal<object, void>(sender);
  const commands = new CommandRegistry();
  let edited = false;
  /** Answers of a slow server. */
  const late: (() => void)[] = [];
  const retries = () =>
    Notification.manager.notifications.map(one => one.options.actions?.[1]?.label);
  const texts = () => Notification.manager.notifications.map(one => one.message);

  /** Tell of a run that fails, or not, and ends. */
  function tell(part: Partial<IRun>): void {
    const now = Date.now() / 1000;
    const run = aRun({ requested: now + 1, started: now, failed: 0, ...part });
    told.emit({ project: PROJECT, run: { ...run, status: 'running' }, before: null });
    const end: IRun = { ...run, status: run.failed ? 'failed' : 'success', ended: now + 1 };
    told.emit({ project: PROJECT, run: end, before: run });
  }

  beforeAll(() => {
    const edits = { changed: cells, editedSince: async () => edited };
    const elsewhere = (_: string, run: string) =>
      run === 'slow'
        ? new Promise<string>(done => late.push(() => done('b/work.ipynb')))
        : Promise.resolve(run === 'far' ? 'b/work.ipynb' : null);
    const host = { trans: nullTranslator.load('x'), commands, edits, elsewhere };
    const preferences = { now: { notifications: 'on' }, changed: new Signal<object, void>(sender) };
    begin({ host, preferences, runs: { told } } as unknown as ICore);
  });

  it('goes when a newer run of its transform is heard of, and no other', () => {
    tell({ uuid: 'a', id: 1, name: 'thumbs', failed: 2 });
    tell({ uuid: 'b', id: 2, name: 'scores', failed: 1 });
    expect(texts()).toEqual([
      expect.stringContaining('scores · run 2'),
      expect.stringContaining('thumbs · run 1')
    ]);
    tell({ uuid: 'c', id: 3, name: 'thumbs' });
    expect(texts()).toEqual([expect.stringContaining('scores · run 2')]);
    tell({ uuid: 'd', id: 4, name: 'scores', failed: 5 });
    expect(texts()).toEqual([expect.stringContaining('scores · run 4')]);
  });

  it('says of which notebook it is, where that is not the one in front', async () => {
    Notification.dismiss();
    tell({ uuid: 'far', id: 5, name: 'thumbs', failed: 2 });
    await until(() => texts()[0].startsWith('thumbs · run 5 of b/work.ipynb: done, 2 of'));
    edited = true;
    cells.emit();
    await until(() => retries()[0] === 'Retry 2 with the edited cell');
    expect(texts()[0]).toContain('of b/work.ipynb');
    edited = false;
  });

  it('says what came last, however late the server names the notebook', async () => {
    Notification.dismiss();
    const slow = { uuid: 'slow', id: 5, name: 'thumbs', requested: Date.now() / 1000 + 1 };
    const going = aRun({ ...slow, status: 'running', failed: 0, ended: null });
    told.emit({ project: PROJECT, run: going, before: null });
    told.emit({ project: PROJECT, run: { ...going, failed: 1 }, before: going });
    await until(() => texts().length === 1); // it is told a little later
    expect(texts()).toEqual([expect.stringContaining('the first datum has failed')]);
    const end = { ...going, failed: 2, status: 'failed' as const, ended: slow.requested + 1 };
    told.emit({ project: PROJECT, run: end, before: { ...going, failed: 1 } });
    const [first, last] = late;
    last();
    await until(() => texts()[0].startsWith('thumbs · run 5 of b/work.ipynb: done, 2 of'));
    first();
    await new Promise(done => setTimeout(done, 20));
    expect(texts()).toEqual([expect.stringContaining('done, 2 of')]);
    expect(retries()).toEqual(['Retry 2']);
  });

  it('says that a run was stopped by its rule', () => {
    Notification.dismiss();
    tell({ uuid: 'f', id: 6, name: 'thumbs', failed: 5, cancelled: 3 });
    expect(texts()).toEqual([expect.stringMatching('thumbs · run 6: stopped, 5 of')]);
    Notification.dismiss();
    tell({ uuid: 'g', id: 7, name: 'thumbs', failed: 5 });
    expect(texts()).toEqual([expect.stringMatching('thumbs · run 7: done, 5 of')]);
  });

  it('goes when its run is opened, and no other', async () => {
    Notification.dismiss();
    tell({ uuid: 'h', id: 8, name: 'thumbs', failed: 5 });
    tell({ uuid: 'i', id: 9, name: 'scores', failed: 5 });
    commands.addCommand(Commands.openRun, {
      execute: args => Promise.resolve({ project: PROJECT, run: args.run })
    });
    await commands.execute(Commands.openRun, { run: 'h' });
    await until(() => texts().length === 1);
    expect(texts()).toEqual([expect.stringContaining('scores · run 9')]);
    commands.addCommand(Commands.openDatum, { execute: async () => true });
    await commands.execute(Commands.openDatum, { project: PROJECT, run: 'h', datum: 1 });
    await commands.execute(Commands.openDatum, { project: PROJECT, run: 'i', datum: 1 });
    await until(() => texts().length === 0);
  });

  it('leaves the page by itself, but where a run has come to a halt', () => {
    const stays = () => Notification.manager.notifications.map(one => one.options.autoClose);
    Notification.dismiss();
    tell({ uuid: 'j', id: 10, name: 'thumbs', failed: 5 });
    expect(stays()).toEqual([20_000]);
    const run = aRun({ uuid: 'k', id: 11, name: 'scores', requested: Date.now() / 1000 + 1 });
    told.emit({ project: PROJECT, run: { ...run, status: 'running' }, before: null });
    told.emit({ project: PROJECT, run: { ...run, status: 'interrupted' }, before: run });
    expect(stays()).toEqual([false, 20_000]);
  });

  it('says which code a retry takes, and follows the cell', async () => {
    Notification.dismiss();
    tell({ uuid: 'e', id: 5, name: 'scores', failed: 5 });
    expect(retries()).toEqual(['Retry 5']);
    edited = true;
    cells.emit();
    await until(() => retries()[0] === 'Retry 5 with the edited cell');
    edited = false;
    cells.emit();
    await until(() => retries()[0] === 'Retry 5');
    expect(texts()).toEqual([expect.stringContaining('scores · run 5')]);
  });
});
