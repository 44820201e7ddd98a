/** The transforms of a project as nodes and edges, with the live runs. */
import { Signal } from '@lumino/signaling';

import { aRun, settle } from '../../__tests__/world';
import type { IGraph, IGraphTransform, IRun } from '../../tokens';
import { drawnOf, GraphModel, reached } from '../graph';

function transform(name: string, more: Partial<IGraphTransform> = {}): IGraphTransform {
  const ends = { sources: [], declared: [], out: null };
  return { name, run: null, status: null, engine: null, counts: {}, ...ends, ...more };
}

const RAW = { input: 'x', name: 'scenes', path: 'work/scenes', files: 245 };
const GRAPH: IGraph = {
  transforms: [
    transform('tiles', { sources: [RAW], out: { name: 'out/tiles', path: 'out/tiles' } }),
    transform('segment', {
      ...{ run: 'old', status: 'success', counts: { total: 9, success: 9 } },
      declared: [{ name: 'unet.pt', path: null }]
    }),
    transform('stats', { sources: [{ ...RAW, files: null }], out: { name: 'o', path: null } })
  ],
  edges: [
    { from: 'tiles', to: 'segment', input: 'a' },
    { from: 'tiles', to: 'segment', input: 'b' }
  ]
};

describe('the graph', () => {
  it('has folders and files at its ends, each once', () => {
    const { nodes, edges } = drawnOf(GRAPH, []);
    expect(nodes.map(node => node.id).sort()).toEqual([
      'declared:unet.pt',
      'out:stats',
      'source:work/scenes',
      'transform:segment',
      'transform:stats',
      'transform:tiles'
    ]);
    expect(nodes.find(node => node.kind === 'source')?.files).toBe(245);
    expect(edges.filter(edge => edge.to === 'transform:segment')).toHaveLength(2);
  });

  it('takes counts from the newest run that the page knows, else from the server', () => {
    const segment = (runs: IRun[]) =>
      drawnOf(GRAPH, runs).nodes.find(node => node.id === 'transform:segment')!;
    expect(segment([]).counts?.total).toBe(9);
    const newest = aRun({ name: 'segment', uuid: 'new', total: 20, missing: ['3 wait for 3 x'] });
    const node = segment([newest, aRun({ name: 'segment', uuid: 'old' })]);
    expect([node.run, node.counts?.total, node.missing]).toEqual(['new', 20, ['3 wait for 3 x']]);
    const tiles = drawnOf(GRAPH, []).nodes.find(one => one.id === 'transform:tiles')!;
    expect([tiles.counts, tiles.run]).toEqual([null, null]);
  });

  it('knows what has to do with a node', () => {
    const { edges } = drawnOf(GRAPH, []);
    expect([...reached(edges, 'transform:segment')].sort()).toEqual([
      'declared:unet.pt',
      'source:work/scenes',
      'transform:segment',
      'transform:tiles'
    ]);
  });

  it('asks again when a run has come or has ended, and not while one goes on', async () => {
    let runs: IRun[] = [];
    let asked = 0;
    let watching = 0;
    const owner = {};
    const changed = new Signal<any, void>(owner);
    const watch = () => {
      watching++;
      let isDisposed = false;
      const dispose = () => {
        isDisposed = true;
        watching--;
      };
      return {
        dispose,
        get isDisposed() {
          return isDisposed;
        }
      };
    };
    const model = new GraphModel(
      { graph: async () => (asked++, GRAPH) },
      { changed, runs: () => runs, watch },
      'p'
    );
    await settle();
    expect([asked, watching, model.drawn?.nodes.length]).toEqual([1, 1, 6]);
    runs = [aRun({ name: 'tiles', success: 1 })];
    changed.emit();
    runs = [aRun({ name: 'tiles', success: 2 })];
    changed.emit();
    await settle();
    expect(asked).toBe(2);
    runs = [aRun({ name: 'tiles', success: 3, ended: 5 })];
    changed.emit();
    await settle();
    expect(asked).toBe(3);
    model.dispose();
    changed.emit();
    await settle();
    expect([asked, watching]).toEqual([3, 0]);
  });
});
