/**
 * One datum's chain as the rows of a tree: from raw files down to the datum, and on to what was
 * made of it. Pure functions.
 */
import type { INode, ITraced } from '../tokens';

/** Which part of the chain is shown. */
export type Way = 'both' | 'up' | 'down';

/** One row of the tree. */
export interface IChainRow {
  key: string;
  /** From 1. */
  level: number;
  kind: 'datum' | 'input' | 'output' | 'others' | 'more';
  node?: INode;
  file?: ITraced;
  /** The datum whose other makers, or further files, a row stands for. */
  of?: INode;
  /** How many a row stands for; `capped`: or more. */
  count?: number;
  capped?: boolean;
  /** The chain goes on there, and is not followed. */
  cut?: boolean;
  /** Undefined: nothing can be unfolded. */
  open?: boolean;
  /** It is being asked for. */
  waiting?: boolean;
  /** The datum that the chain is about. */
  self?: boolean;
}

/** What a chain is drawn from. */
export interface IChain {
  root: INode;
  /** Datums with what was made of them, as far as somebody has asked. */
  below: ReadonlyMap<number, INode>;
  /** Keys of rows that are unfolded. */
  open: ReadonlySet<string>;
  /** By datum, which of those that it was made from is shown; the first by default. */
  picked: ReadonlyMap<number, number>;
  way: Way;
}

/** Files of one datum that have a row. */
const FILES = 5;

/** All rows, in their order. */
export function rowsOf(chain: IChain): IChainRow[] {
  const rows: IChainRow[] = [];
  const { root, way } = chain;
  let level = 1;
  if (way !== 'down') {
    const spine = spineOf(chain);
    spine.reverse().forEach((node, at) => {
      level = above(rows, chain, node, spine[at - 1], level);
    });
  }
  rows.push({ key: `datum/${root.id}`, level, kind: 'datum', node: root, self: true, open: true });
  if (way !== 'up') {
    below(rows, chain, root, level, new Set([root.id]));
  }
  return rows;
}

/** The datum, the one it was made from, and so on up to one that was made from files alone. */
export function spineOf({ root, picked }: IChain): INode[] {
  const found = [root];
  const seen = new Set([root.id]);
  for (;;) {
    const last = found[found.length - 1];
    const { first } = last.up;
    const next = first.find(node => node.id === picked.get(last.id)) ?? first[0];
    if (!next || seen.has(next.id)) {
      return found;
    }
    seen.add(next.id);
    found.push(next);
  }
}

/**
 * The rows over a datum of the spine: its raw files, the datum it was made from with the files
 * that lead on, and the other datums that it was made from.
 */
function above(
  rows: IChainRow[],
  chain: IChain,
  node: INode,
  maker: INode | undefined,
  at: number
): number {
  let level = at;
  if (maker) {
    others(rows, chain, node, maker, level);
    rows.push({ key: `datum/${maker.id}`, level, kind: 'datum', node: maker, open: true });
    level++;
    const leads = maker.outputs.first.filter(file => isAmong(file, node.inputs.first));
    level = files(rows, 'output', maker, leads, leads.length, level);
  }
  if (!maker && node.up.rest === 'cut') {
    const { count, capped } = node.up;
    rows.push({
      key: `up/${node.id}/cut`,
      level,
      kind: 'more',
      of: node,
      count,
      capped,
      cut: true
    });
    level++;
  }
  const made = node.up.first.flatMap(one => one.outputs.first);
  const raw = node.inputs.first.filter(file => !isAmong(file, made));
  // Where not all makers are known, a file that none of these made may come from another one.
  if (node.up.count <= node.up.first.length && raw.length) {
    const rest = node.up.count ? raw.length : node.inputs.count;
    level = files(rows, 'input', node, raw, rest, level);
  }
  return level;
}

/** A row that stands for the other datums that one was made from; unfolded, some of them. */
function others(rows: IChainRow[], chain: IChain, node: INode, maker: INode, level: number): void {
  const { count, capped, first } = node.up;
  if (count < 2) {
    return;
  }
  const key = `others/${node.id}`;
  const open = chain.open.has(key);
  rows.push({ key, level, kind: 'others', of: node, count: count - 1, capped, open });
  if (!open) {
    return;
  }
  const shown = first.filter(one => one.id !== maker.id);
  shown.forEach(one =>
    rows.push({ key: `other/${node.id}/${one.id}`, level: level + 1, kind: 'datum', node: one })
  );
  more(rows, `${key}/more`, level + 1, node, count - 1 - shown.length, capped);
}

/** What a datum has made, and the datums that were made of it. */
function below(rows: IChainRow[], chain: IChain, node: INode, at: number, seen: Set<number>): void {
  const { outputs } = node;
  const level = files(rows, 'output', node, outputs.first, outputs.count, at + 1);
  const down = chain.below.get(node.id)?.down ?? node.down;
  for (const one of down.first) {
    const key = `datum/${one.id}`;
    const open = chain.open.has(key) && !seen.has(one.id);
    const waiting = open && !chain.below.has(one.id);
    rows.push({ key, level, kind: 'datum', node: one, open, waiting });
    if (open) {
      below(rows, chain, one, level, new Set([...seen, one.id]));
    }
  }
  if (down.rest !== 'cut') {
    more(rows, `down/${node.id}/more`, level, node, down.count - down.first.length, down.capped);
  }
}

/** Rows for files; what follows stands one level deeper, below the last of them. */
function files(
  rows: IChainRow[],
  kind: 'input' | 'output',
  of: INode,
  some: readonly ITraced[],
  count: number,
  level: number
): number {
  const shown = some.slice(0, FILES);
  shown.forEach((file, at) => rows.push({ key: `${kind}/${of.id}/${at}`, level, kind, file, of }));
  more(rows, `${kind}/${of.id}/more`, level, of, count - shown.length, false);
  return shown.length ? level + 1 : level;
}

function more(
  rows: IChainRow[],
  key: string,
  level: number,
  of: INode,
  count: number,
  capped: boolean
): void {
  if (count > 0) {
    rows.push({ key, level, kind: 'more', of, count, capped });
  }
}

/** The same file: by its path, or where the server shows none by its content. */
function isAmong(file: ITraced, files: readonly ITraced[]): boolean {
  return files.some(one =>
    file.path !== null && one.path !== null
      ? file.path === one.path
      : file.content === one.content && file.size === one.size
  );
}

/** Where a key leads in a tree, as ARIA has it: the row to go to, or one to fold or unfold. */
export function treeKey(
  rows: readonly IChainRow[],
  at: number,
  key: string
): { go?: number; toggle?: true } | null {
  const row = rows[at];
  switch (key) {
    case 'ArrowDown':
      return { go: Math.min(rows.length - 1, at + 1) };
    case 'ArrowUp':
      return { go: Math.max(0, at - 1) };
    case 'Home':
      return { go: 0 };
    case 'End':
      return { go: rows.length - 1 };
    case 'ArrowRight':
      return isFoldable(row) && !row.open
        ? { toggle: true }
        : { go: rows[at + 1]?.level > row.level ? at + 1 : at };
    case 'ArrowLeft':
      return isFoldable(row) && row.open ? { toggle: true } : { go: parentOf(rows, at) };
    default:
      return null;
  }
}

/** The spine cannot be folded: it is what the chain is. */
export function isFoldable(row: IChainRow): boolean {
  return row.open !== undefined && (row.kind === 'others' || row.waiting !== undefined);
}

function parentOf(rows: readonly IChainRow[], at: number): number {
  for (let i = at - 1; i >= 0; i--) {
    if (rows[i].level < rows[at].level) {
      return i;
    }
  }
  return at;
}
