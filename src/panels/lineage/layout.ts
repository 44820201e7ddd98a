/** Where the nodes of the graph stand and how its edges run: by dagre, from left to right. */
import { graphlib, layout as arrange } from '@dagrejs/dagre';

import type { IDrawn, IDrawnNode } from '../../models/graph';

/** A node with the place of its upper left corner. */
export interface IPlaced {
  node: IDrawnNode;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Its column, from the left. */
  rank: number;
}

/** A curve; `to` is where its arrow points. */
export interface ICurve {
  from: string;
  to: string;
  path: string;
  tip: readonly [number, number];
}

/** A whole picture. */
export interface IPicture {
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

/** Lay out some tens of nodes; never datums. */
export function picture(drawn: IDrawn): IPicture {
  const graph = new graphlib.Graph<any, any, any>();
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 56, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of drawn.nodes) {
    graph.setNode(node.id, { ...(node.kind === 'transform' ? TRANSFORM : END) });
  }
  drawn.edges.forEach(({ from, to }) => graph.setEdge(from, to));
  arrange(graph);
  const columns = [...new Set(drawn.nodes.map(({ id }) => graph.node(id).x as number))];
  columns.sort((one, two) => one - two);
  const placed = drawn.nodes.map(node => {
    const { x, y, width, height } = graph.node(node.id);
    const rank = columns.indexOf(x);
    return { node, x: x - width / 2, y: y - height / 2, width, height, rank };
  });
  const { width, height } = graph.graph();
  const curves = drawn.edges.map(({ from, to }) =>
    curve(from, to, graph.edge(from, to).points, graph.node(from), graph.node(to))
  );
  return { placed, curves, width, height };
}

interface IPoint {
  x: number;
  y: number;
}

/** From the right side of one node to the left side of another, level at every turn. */
function curve(
  from: string,
  to: string,
  points: IPoint[],
  start: IPoint & { width: number; height: number },
  end: IPoint & { width: number; height: number }
): ICurve {
  const near = (y: number, box: IPoint & { height: number }) =>
    Math.max(box.y - box.height / 4, Math.min(box.y + box.height / 4, y));
  const inner = points.slice(1, -1);
  const [first, last] = [inner[0] ?? end, inner[inner.length - 1] ?? start];
  const out = { x: start.x + start.width / 2, y: near(first.y, start) };
  const tip = { x: end.x - end.width / 2, y: near(last.y, end) };
  // A column's own turning points only matter where an edge passes by other nodes.
  const turns = inner.length > 1 ? inner : [];
  const way = [out, ...turns, { x: tip.x - TIP, y: tip.y }];
  const path = way
    .map(({ x, y }, at) => {
      if (!at) {
        return `M${round(x)} ${round(y)}`;
      }
      const before = way[at - 1];
      const middle = round((before.x + x) / 2);
      return `C${middle} ${round(before.y)} ${middle} ${round(y)} ${round(x)} ${round(y)}`;
    })
    .join('');
  return { from, to, path, tip: [round(tip.x), round(tip.y)] };
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** The node that an arrow key leads to: along an edge, or to a neighbour in the same column. */
export function neighbour(picture: IPicture, id: string, key: string): string | null {
  const here = picture.placed.find(one => one.node.id === id);
  if (!here) {
    return null;
  }
  const middle = (one: IPlaced) => one.y + one.height / 2;
  const nearest = (some: IPlaced[]) =>
    some.sort((a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))[0]
      ?.node.id ?? null;
  const along = (near: 'from' | 'to', far: 'from' | 'to') => {
    const ids = picture.curves.filter(one => one[near] === id).map(one => one[far]);
    return nearest(picture.placed.filter(one => ids.includes(one.node.id)));
  };
  const column = picture.placed.filter(one => one.rank === here.rank && one !== here);
  switch (key) {
    case 'ArrowRight':
      return along('from', 'to');
    case 'ArrowLeft':
      return along('to', 'from');
    case 'ArrowDown':
      return nearest(column.filter(one => one.y > here.y));
    case 'ArrowUp':
      return nearest(column.filter(one => one.y < here.y));
    default:
      return null;
  }
}
