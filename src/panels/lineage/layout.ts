/**
 * Where the nodes of the graph stand and how its edges run: by dagre, from left to right, or from
 * top to bottom where there is more room.
 */
import { graphlib, layout as arrange } from '@dagrejs/dagre';

import type { IDrawn, IDrawnNode } from '../../models/graph';

/** A node with the place of its upper left corner. */
export interface IPlaced {
  node: IDrawnNode;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Its column from the left; its row where edges run downwards. */
  rank: number;
}

/** A curve; `to` is where its arrow points, `head` the arrow. */
export interface ICurve {
  from: string;
  to: string;
  path: string;
  head: string;
}

/** Where edges run to. */
export type Way = 'right' | 'down';

/** A whole picture. */
export interface IPicture {
  way: Way;
  placed: IPlaced[];
  curves: ICurve[];
  width: number;
  height: number;
}

const TRANSFORM = { width: 184, height: 68 };
const END = { width: 152, height: 42 };
const MARGIN = 16;
/** Of the arrow's head. */
const TIP = 6;
/** Between nodes of a rank, and between ranks. */
const GAPS = { right: [22, 40], down: [16, 30] } as const;

/** Lay out some tens of nodes; never datums. */
export function picture(drawn: IDrawn, way: Way = 'right'): IPicture {
  const graph = new graphlib.Graph<any, any, any>();
  const [nodesep, ranksep] = GAPS[way];
  const rankdir = way === 'right' ? 'LR' : 'TB';
  graph.setGraph({ rankdir, nodesep, ranksep, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of drawn.nodes) {
    graph.setNode(node.id, { ...(node.kind === 'transform' ? TRANSFORM : END) });
  }
  drawn.edges.forEach(({ from, to }) => graph.setEdge(from, to));
  arrange(graph);
  const { width, height } = framed(graph);
  const along = way === 'right' ? 'x' : 'y';
  const ranks = [...new Set(drawn.nodes.map(({ id }) => graph.node(id)[along] as number))];
  ranks.sort((one, two) => one - two);
  const placed = drawn.nodes.map(node => {
    const { x, y, width, height } = graph.node(node.id);
    const rank = ranks.indexOf(graph.node(node.id)[along]);
    return { node, x: x - width / 2, y: y - height / 2, width, height, rank };
  });
  const curves = drawn.edges.map(({ from, to }) =>
    curve(from, to, graph.edge(from, to).points, graph.node(from), graph.node(to), way)
  );
  return { way, placed, curves, width, height };
}

/** Dagre's frame holds the nodes: that of the picture holds the edges too that pass them by. */
function framed(graph: graphlib.Graph<any, any, any>): { width: number; height: number } {
  const { width, height } = graph.graph();
  const points: IPoint[] = graph.edges().flatMap(edge => graph.edge(edge).points);
  const nodes: IPoint[] = graph.nodes().map(id => graph.node(id));
  const fit = (along: 'x' | 'y', size: number) => {
    const all = points.map(point => point[along]);
    const off = MARGIN - Math.min(MARGIN, ...all);
    [...points, ...nodes].forEach(one => (one[along] += off));
    return Math.max(size, ...all.map(at => at + MARGIN)) + off;
  };
  return { width: fit('x', width), height: fit('y', height) };
}

interface IPoint {
  x: number;
  y: number;
}

interface IBox extends IPoint {
  width: number;
  height: number;
}

/** The same with both axes in each other's place. */
const turned = ({ x, y }: IPoint): IPoint => ({ x: y, y: x });
const turnedBox = (box: IBox): IBox => ({
  ...turned(box),
  width: box.height,
  height: box.width
});

/**
 * From the right side of one node to the left side of another, level at every turn; or from the
 * lower side to the upper one, which is the same with its axes turned.
 */
function curve(
  from: string,
  to: string,
  given: IPoint[],
  one: IBox,
  other: IBox,
  way: Way
): ICurve {
  const down = way === 'down';
  const [start, end] = down ? [turnedBox(one), turnedBox(other)] : [one, other];
  const points = down ? given.map(turned) : given;
  const write = (x: number, y: number) => (down ? [y, x] : [x, y]).map(n => round(n)).join(' ');
  const near = (y: number, box: IPoint & { height: number }) =>
    Math.max(box.y - box.height / 4, Math.min(box.y + box.height / 4, y));
  const inner = points.slice(1, -1);
  const [first, last] = [inner[0] ?? end, inner[inner.length - 1] ?? start];
  const out = { x: start.x + start.width / 2, y: near(first.y, start) };
  const tip = { x: end.x - end.width / 2, y: near(last.y, end) };
  // A column's own turning points only matter where an edge passes by other nodes.
  const turns = inner.length > 1 ? inner : [];
  const stops = [out, ...turns, { x: tip.x - TIP, y: tip.y }];
  const path = stops
    .map(({ x, y }, at) => {
      if (!at) {
        return `M${write(x, y)}`;
      }
      const before = stops[at - 1];
      const middle = (before.x + x) / 2;
      return `C${write(middle, before.y)} ${write(middle, y)} ${write(x, y)}`;
    })
    .join('');
  const [back, side] = [tip.x - 7, 4];
  const corners = [write(back, tip.y - side), write(tip.x, tip.y), write(back, tip.y + side)];
  return { from, to, path, head: `M${corners.join('L')}z` };
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** The node that an arrow key leads to: along an edge, or to a neighbour in the same rank. */
export function neighbour(picture: IPicture, id: string, key: string): string | null {
  const here = picture.placed.find(one => one.node.id === id);
  if (!here) {
    return null;
  }
  const down = picture.way === 'down';
  const middle = (one: IPlaced) => (down ? one.x + one.width / 2 : one.y + one.height / 2);
  const nearest = (some: IPlaced[]) =>
    some.sort((a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))[0]
      ?.node.id ?? null;
  const along = (near: 'from' | 'to', far: 'from' | 'to') => {
    const ids = picture.curves.filter(one => one[near] === id).map(one => one[far]);
    return nearest(picture.placed.filter(one => ids.includes(one.node.id)));
  };
  const rank = picture.placed.filter(one => one.rank === here.rank && one !== here);
  const keys = down
    ? ['ArrowDown', 'ArrowUp', 'ArrowRight', 'ArrowLeft']
    : ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp'];
  switch (keys.indexOf(key)) {
    case 0:
      return along('from', 'to');
    case 1:
      return along('to', 'from');
    case 2:
      return nearest(rank.filter(one => middle(one) > middle(here)));
    case 3:
      return nearest(rank.filter(one => middle(one) < middle(here)));
    default:
      return null;
  }
}
