/** Where nodes stand, and where arrow keys lead. */
import type { IDrawn, IDrawnNode } from '../../../models/graph';
import { heldUp } from '../graph';
import { neighbour, picture } from '../layout';

function node(id: string, kind: IDrawnNode['kind'] = 'transform'): IDrawnNode {
  const plain = { path: null, files: null, run: null, engine: null, counts: null, missing: [] };
  return { id, kind, name: id, transform: id, ...plain };
}

const DRAWN: IDrawn = {
  nodes: [
    node('scenes', 'source'),
    node('tiles'),
    node('unet', 'declared'),
    node('segment'),
    node('mosaic'),
    node('stats')
  ],
  edges: [
    ['scenes', 'tiles'],
    ['tiles', 'segment'],
    ['unet', 'segment'],
    ['segment', 'mosaic'],
    ['segment', 'stats'],
    ['scenes', 'stats']
  ].map(([from, to]) => ({ from, to }))
};

const pairs = (numbers: number[]) =>
  numbers.flatMap((x, at) => (at % 2 ? [] : [[x, numbers[at + 1]]]));

/** The points of a path. */
function corners(path: string): number[][] {
  return path
    .split(/[MLCz]/)
    .filter(Boolean)
    .flatMap(stretch => pairs(stretch.split(' ').map(Number)));
}

describe('the layout', () => {
  const laid = picture(DRAWN);
  const at = (id: string) => laid.placed.find(one => one.node.id === id)!;

  it('runs from left to right and overlaps nothing', () => {
    for (const { from, to } of DRAWN.edges) {
      expect(at(from).x + at(from).width).toBeLessThan(at(to).x);
    }
    for (const one of laid.placed) {
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.y + one.height).toBeLessThanOrEqual(laid.height);
      for (const other of laid.placed) {
        const apart =
          one === other ||
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart).toBe(true);
      }
    }
  });

  it('draws each edge from one side to the other', () => {
    for (const curve of laid.curves) {
      const from = at(curve.from);
      const to = at(curve.to);
      expect(curve.path.startsWith(`M${from.x + from.width} `)).toBe(true);
      const [, [x, y]] = corners(curve.head);
      expect(x).toBeCloseTo(to.x);
      expect(y).toBeGreaterThan(to.y);
      expect(y).toBeLessThan(to.y + to.height);
    }
  });

  it('runs from top to bottom where it is told to', () => {
    const tall = picture(DRAWN, 'down');
    const of = (id: string) => tall.placed.find(one => one.node.id === id)!;
    expect(tall.width).toBeLessThan(laid.width);
    for (const { from, to, path, head } of tall.curves) {
      expect(of(from).y + of(from).height).toBeLessThan(of(to).y);
      const [x, y] = corners(path)[0];
      expect(y).toBeCloseTo(of(from).y + of(from).height);
      expect(Math.abs(x - of(from).x - of(from).width / 2)).toBeLessThanOrEqual(of(from).width / 4);
      expect(corners(head)[1][1]).toBeCloseTo(of(to).y);
    }
    expect(neighbour(tall, 'tiles', 'ArrowDown')).toBe('segment');
    expect(neighbour(tall, 'tiles', 'ArrowUp')).toBe('scenes');
    const [left, other] =
      of('mosaic').x < of('stats').x ? ['mosaic', 'stats'] : ['stats', 'mosaic'];
    expect(neighbour(tall, left, 'ArrowRight')).toBe(other);
    expect(neighbour(tall, other, 'ArrowLeft')).toBe(left);
  });

  it('lets arrows lead along the edges', () => {
    expect(neighbour(laid, 'tiles', 'ArrowRight')).toBe('segment');
    expect(neighbour(laid, 'tiles', 'ArrowLeft')).toBe('scenes');
    expect(neighbour(laid, 'scenes', 'ArrowLeft')).toBeNull();
    const [upper, lower] =
      at('mosaic').y < at('stats').y ? ['mosaic', 'stats'] : ['stats', 'mosaic'];
    expect(neighbour(laid, upper, 'ArrowDown')).toBe(lower);
    expect(neighbour(laid, lower, 'ArrowUp')).toBe(upper);
    expect(neighbour(laid, 'nobody', 'ArrowUp')).toBeNull();
  });

  it('has room for an edge that passes by all nodes', () => {
    const names = ['a', 'b', 'left', 'right', 'c', 'd', 'e'];
    const edges = [
      [0, 1],
      [1, 2],
      [1, 3],
      [2, 4],
      [3, 4],
      [4, 5],
      [5, 6],
      [0, 6],
      [1, 6]
    ].map(([from, to]) => ({ from: names[from], to: names[to] }));
    for (const way of ['right', 'down'] as const) {
      const one = picture({ nodes: names.map(name => node(name)), edges }, way);
      for (const [x, y] of one.curves.flatMap(({ path }) => corners(path))) {
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(one.width);
        expect(y).toBeLessThanOrEqual(one.height);
      }
    }
  });

  it('stands a lone transform by itself', () => {
    const lone = picture({ nodes: [node('alone')], edges: [] });
    expect(lone.placed).toHaveLength(1);
    expect(lone.width).toBeGreaterThan(lone.placed[0].width);
  });
});

describe('what is held up', () => {
  it('is what waits for failed datums, and nothing else', () => {
    expect(heldUp(['12 wait for 12 failed datums of thumbs', '1 waits for b'])).toBe(13);
    expect(heldUp(['1,204 wait for 3 failed datums of x', 'x is running still'])).toBe(1204);
    expect(heldUp([])).toBe(0);
  });
});
