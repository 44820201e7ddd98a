/** One datum's chain as rows of a tree. */
import type { INode, ISome, ITraced } from '../../tokens';
import { isFoldable, rowsOf, treeKey } from '../chain';
import type { IChain, IChainRow } from '../chain';

function some<T>(first: T[], count = first.length): ISome<T> {
  return { first, count, capped: count >= 100_000 };
}

function file(path: string | null, content = path ?? ''): ITraced {
  return { path, rel: path ?? 'hidden', size: 1, content, now: 'same' };
}

function node(id: number, transform: string, more: Partial<INode> = {}): INode {
  const empty = { inputs: some<ITraced>([]), outputs: some<ITraced>([]) };
  const links = { up: some<INode>([]), down: some<INode>([]) };
  return {
    ...{ id, transform, key: `${transform}/${id}`, state: 'success', run: 'r', version: 1 },
    ...{ current: true, gone: false, ...empty, ...links },
    ...more
  };
}

const TILE = node(1, 'tiles', {
  inputs: some([file('raw/a.tif')]),
  outputs: some([file('out/a1.tif'), file('out/a2.tif')])
});
const MOSAIC = node(3, 'mosaic', {
  inputs: some([file('out/seg.png')]),
  outputs: some([file('out/m.png')])
});
const ROOT = node(2, 'segment', {
  inputs: some([file('out/a1.tif'), file('unet.pt')]),
  outputs: some([file('out/seg.png')]),
  up: some([TILE]),
  down: some([MOSAIC])
});

function chain(more: Partial<IChain> = {}): IChain {
  const empty = { open: new Set<string>(), picked: new Map<number, number>() };
  return { root: ROOT, below: new Map([[2, ROOT]]), way: 'both', ...empty, ...more };
}

function told(rows: readonly IChainRow[]): string[] {
  return rows.map(row => {
    const what = row.node?.transform ?? row.file?.path ?? `${row.kind} ${row.count}`;
    return `${'  '.repeat(row.level - 1)}${what}`;
  });
}

describe('a chain', () => {
  it('reads from the raw file down to what was made of it', () => {
    expect(told(rowsOf(chain()))).toEqual([
      'raw/a.tif',
      '  tiles',
      '    out/a1.tif',
      '      unet.pt',
      '        segment',
      '          out/seg.png',
      '            mosaic'
    ]);
  });

  it('goes one way alone', () => {
    expect(told(rowsOf(chain({ way: 'down' })))).toEqual([
      'segment',
      '  out/seg.png',
      '    mosaic'
    ]);
    const up = told(rowsOf(chain({ way: 'up' })));
    expect(up[up.length - 1].trim()).toBe('segment');
  });

  it('unfolds what was made of what was made, once it is known', () => {
    const open = new Set(['datum/3']);
    const waiting = rowsOf(chain({ open })).find(row => row.node === MOSAIC);
    expect(waiting?.waiting).toBe(true);
    const below = new Map([
      [2, ROOT],
      [3, { ...MOSAIC, down: some([node(4, 'atlas')], 4000) }]
    ]);
    const rows = rowsOf(chain({ open, below }));
    expect(
      told(rows)
        .slice(-3)
        .map(one => one.trim())
    ).toEqual(['out/m.png', 'atlas', 'more 3999']);
  });

  it('shows one of thousands of makers, and the others on demand', () => {
    const tiles = [1, 5, 6].map(id => ({ ...TILE, id }));
    const root = { ...ROOT, up: some(tiles, 4082) };
    const folded = rowsOf(chain({ root }));
    const others = folded.find(row => row.kind === 'others')!;
    expect(others.count).toBe(4081);
    expect(folded.filter(row => row.node?.transform === 'tiles')).toHaveLength(1);
    // Not all makers are known: who knows whether one of them made this file.
    expect(told(folded).join()).not.toContain('unet.pt');
    const rows = rowsOf(chain({ root, open: new Set(['others/2']), picked: new Map([[2, 5]]) }));
    const spine = rows.find(row => row.key === 'datum/5');
    expect(spine?.node?.id).toBe(5);
    expect(rows.filter(row => row.key.startsWith('other/')).map(row => row.node?.id)).toEqual([
      1, 6
    ]);
    expect(rows.find(row => row.kind === 'more' && row.key.startsWith('others'))?.count).toBe(4079);
  });

  it('knows a file without a path by its content', () => {
    const hidden = { ...TILE, outputs: some([file(null, 'abc')]) };
    const root = { ...ROOT, inputs: some([file(null, 'abc')]), up: some([hidden]) };
    const files = rowsOf(chain({ root, way: 'up' })).filter(row => row.file);
    expect(files.map(row => row.kind)).toEqual(['input', 'output']);
  });

  it('ends where a circle closes', () => {
    const one = node(1, 'a');
    const two = node(2, 'b', { up: some([one]) });
    one.up = some([two]);
    const below = new Map<number, INode>();
    expect(rowsOf(chain({ root: two, below })).filter(row => row.node)).toHaveLength(2);
    const down = { ...two, up: some<INode>([]), down: some([two]) };
    const rows = rowsOf(chain({ root: down, open: new Set(['datum/2']), way: 'down' }));
    expect(rows.length).toBeLessThan(4);
  });
});

describe('keys in the tree', () => {
  const rows = rowsOf(chain());
  const at = (what: string) => told(rows).findIndex(one => one.trim() === what);

  it('go up, down, in and out', () => {
    expect(treeKey(rows, 0, 'ArrowDown')).toEqual({ go: 1 });
    expect(treeKey(rows, 0, 'ArrowUp')).toEqual({ go: 0 });
    expect(treeKey(rows, 2, 'End')).toEqual({ go: rows.length - 1 });
    expect(treeKey(rows, 2, 'Home')).toEqual({ go: 0 });
    expect(treeKey(rows, at('segment'), 'ArrowRight')).toEqual({ go: at('out/seg.png') });
    expect(treeKey(rows, at('segment'), 'ArrowLeft')).toEqual({ go: at('unet.pt') });
    expect(treeKey(rows, 0, 'x')).toBeNull();
  });

  it('fold and unfold what can be', () => {
    expect(isFoldable(rows[at('mosaic')])).toBe(true);
    expect(isFoldable(rows[at('segment')])).toBe(false);
    expect(treeKey(rows, at('mosaic'), 'ArrowRight')).toEqual({ toggle: true });
  });
});
