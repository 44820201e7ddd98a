/** What a page comes back with after a reload. */
import { StateDB } from '@jupyterlab/statedb';
import { Signal } from '@lumino/signaling';

import { Notebook } from '../../__tests__/page';
import { aRun, FakeServer, until } from '../../__tests__/world';
import { ChoicesModel } from '../choices';
import { keepChosen, TabConnector } from '../kept';
import { PanelModel } from '../panel';
import { RunsModel } from '../runs';

/** A page with a notebook of two transforms, over what the tab keeps. */
async function open(): Promise<{ panel: PanelModel; choices: ChoicesModel }> {
  const context = { state: 'no-project', message: null, project: null, root: '', kernel: null };
  const panel = new PanelModel(new RunsModel(new FakeServer()), {
    context: async () => context as any,
    transforms: async () => [],
    run: async () => ({ ...aRun(), source: '', untracked: null }) as any
  });
  const choices = new ChoicesModel(() => panel.notebook?.path ?? '');
  await keepChosen(new StateDB({ connector: new TabConnector() }), panel, choices);
  const notebook = new Notebook();
  notebook.cells = () =>
    ['means', 'sums'].map(name => ({ id: name, source: `%%datum ${name} -i "*"\n1`, code: true }));
  panel.setNotebook(notebook);
  await until(() => panel.rows.length === 2);
  return { panel, choices };
}

describe('a page', () => {
  beforeEach(() => window.sessionStorage.clear());

  it('comes back with the chosen transform and what it is run with', async () => {
    const first = await open();
    expect(first.panel.selected).toBe('means');
    first.panel.select('sums');
    first.choices.choose('sums', { engine: 'dask', workers: 3 });
    const again = await open();
    expect(again.panel.selected).toBe('sums');
    expect(again.choices.of('sums')).toEqual({ engine: 'dask', workers: 3 });
    expect(again.choices.of('means')).toEqual({});
    // In another notebook a transform of that name is another one.
    Object.assign(again.panel.notebook!, { path: 'other.ipynb' });
    expect(again.choices.of('sums')).toEqual({});
  });

  it('knows what was chosen when the notebook, or a folder above it, has another name', async () => {
    const { panel, choices } = await open();
    panel.select('sums');
    choices.choose('sums', { workers: 3 });
    for (const [from, to] of [
      ['work/readings.ipynb', 'work/r.ipynb'],
      ['work', 'old/work'],
      ['old/work/r', 'none of them']
    ]) {
      [panel, choices].forEach(model => model.rename(from, to));
    }
    expect(panel.chosen).toEqual({ 'old/work/r.ipynb': 'sums' });
    expect(choices.chosen).toEqual({ 'old/work/r.ipynb:sums': { workers: 3 } });
  });

  it('takes nothing of a kind that it does not know', async () => {
    const panel = { changed: new Signal<any, void>({}), chosen: {}, remember: jest.fn() };
    const choices = { changed: new Signal<any, void>({}), chosen: {}, remember: jest.fn() };
    const fetch = async () => ({ transforms: { a: 7, b: 'means' }, choices: [1] });
    await keepChosen({ fetch, save: async () => null } as any, panel, choices);
    expect(panel.remember).toHaveBeenCalledWith({ b: 'means' });
    expect(choices.remember).toHaveBeenCalledWith({});
  });

  it('is restored by the parts of its own address', async () => {
    const tab = new TabConnector();
    await tab.save('jupyter-datum-run:p/r', 'x');
    await tab.save('other:p', 'y');
    window.sessionStorage.setItem('jupyter-datum /elsewhere jupyter-datum-run:q', 'z');
    expect(await tab.list('jupyter-datum-run')).toEqual({
      ids: ['jupyter-datum-run:p/r'],
      values: ['x']
    });
    await tab.remove('jupyter-datum-run:p/r');
    expect(await tab.fetch('jupyter-datum-run:p/r')).toBeUndefined();
  });
});
