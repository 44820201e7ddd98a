/** Where a recorded run stands: its transforms, and what a datum was made from. */
import type {
  IDatum,
  IGraph,
  IGraphTransform,
  INode,
  ISome,
  ITraced,
  State,
  Status
} from '../../src/protocol';
import { NOW } from './recordedparts';
import { RUN } from './replay';

/** By their bytes. */
export const STATES: State[] = [
  'pending',
  'running',
  'success',
  'failed',
  'recovered',
  'skipped',
  'cancelled'
];

/** A datum of this run between what it was made from and what was made of it. */
export function madeOf(datum: IDatum): INode {
  const { key, state, position } = datum;
  const none = <T>(): ISome<T> => ({ count: 0, capped: false, first: [] });
  const one = <T>(it: T): ISome<T> => ({ count: 1, capped: false, first: [it] });
  const node = (id: number, transform: string, name: string, more: Partial<INode>): INode => ({
    id,
    transform,
    key: name,
    state: 'success',
    attempt: 1,
    began: NOW - 4000,
    seconds: 0.0081,
    run: RUN,
    version: 3,
    current: true,
    gone: false,
    inputs: none(),
    outputs: none(),
    up: none(),
    down: none(),
    ...more
  });
  const file = (path: string, size: number): ITraced => ({
    path,
    rel: path,
    size,
    content: 'b31c77a0b31c77a0',
    now: 'unchanged'
  });
  const tile = file(`out/tiles/${key}`, 219_136);
  const scene = node(900_001, 'tiles', 'scene-051 tile 0155', {
    version: 2,
    inputs: one(file('scenes/scene-051.tif', 858_000_000)),
    outputs: one(tile)
  });
  const mosaic = node(900_002, 'mosaic', 'scene-051', { version: 1, seconds: 3.2, current: false });
  return node(position + 1, 'segment', key!, {
    state,
    inputs: one(tile),
    outputs: state === 'success' ? one(file(`out/segment/${key}.png`, 11_264)) : none(),
    up: one(scene),
    down: state === 'success' ? { count: 14, capped: false, first: [mosaic] } : none()
  });
}

/** Its transform between those that feed it and those that it feeds. */
export function graphOf(states: Uint8Array, status: Status): IGraph {
  const total = states.length;
  const full = { running: 0, failed: 0, recovered: 0, skipped: 0, cancelled: 0, total };
  const n = (state: number) => states.reduce((sum, one) => sum + Number(one === state), 0);
  const own = Object.fromEntries(STATES.map((state, byte) => [state, n(byte)]));
  const node = (name: string, more: Partial<IGraphTransform>): IGraphTransform => ({
    name,
    run: null,
    status: null,
    engine: null,
    counts: {},
    sources: [],
    declared: [],
    out: { name: `out/${name}/`, path: `out/${name}` },
    ...more
  });
  const scenes = { input: 'scenes/*.tif', name: 'scenes/', path: 'scenes', files: 245 };
  const first = { run: '6'.repeat(32), status: 'success' as const, engine: 'joblib' };
  return {
    transforms: [
      node('tiles', { ...first, counts: { ...full, success: total }, sources: [scenes] }),
      node('segment', {
        run: RUN,
        status,
        engine: 'joblib',
        counts: { ...own, total },
        declared: [{ name: 'unet.pt', path: 'unet.pt' }]
      }),
      node('mosaic', {
        ...first,
        run: '5'.repeat(32),
        status: 'running',
        engine: 'dask',
        counts: { ...full, total: 245, success: 134, running: 4 }
      }),
      node('stats', {})
    ],
    edges: [
      { from: 'tiles', to: 'segment', input: '' },
      { from: 'segment', to: 'mosaic', input: '' },
      { from: 'segment', to: 'stats', input: '' }
    ]
  };
}
