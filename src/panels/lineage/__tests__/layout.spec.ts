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
      expect(curve.tip[0]).toBeCloseTo(to.x);
      expect(curve.tip[1]).toBeGreaterThan(to.y);
      expect(curve.tip[1]).toBeLessThan(to.y + to.height);
    }
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
