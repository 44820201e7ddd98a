/** One datum's chain, what is chosen in it, and the history of what is chosen. */
import { Signal } from '@lumino/signaling';

import { language } from '../language';
import type { Requests } from '../requests';
import type { IHistory, INode } from '../tokens';
import { rowsOf } from './chain';
import type { IChainRow, Way } from './chain';

/** Steps up that are asked for at once: as far as most chains go. */
const UP = 10;

/** What the model asks for. */
export type ILineageServer = Pick<Requests, 'datums' | 'history' | 'lineage'>;

/** A chain that unfolds as far as somebody looks. */
export class LineageModel {
  constructor(
    private readonly _requests: ILineageServer,
    readonly project: string
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The datum that the chain is about. */
  get root(): INode | null {
    return this._root;
  }
  get error(): string | null {
    return this._error;
  }
  get way(): Way {
    return this._way;
  }
  /** The rows as they are unfolded. */
  get rows(): readonly IChainRow[] {
    return this._rows;
  }
  /** The row that is chosen. */
  get chosen(): IChainRow | null {
    return this._rows.find(row => row.key === this._key) ?? null;
  }
  /** The datum that is chosen, or the one that made or read the file that is. */
  get node(): INode | null {
    return this._node;
  }
  /** All versions of the chosen datum; null: not known yet. */
  get history(): IHistory | null {
    return this._history;
  }
  /** The two codes that are compared; null: the last two. */
  get compared(): readonly [number, number] | null {
    return this._compared;
  }

  /** Show the chain of a datum. */
  async show(id: number): Promise<void> {
    if (id === this._asked) {
      return;
    }
    this._asked = id;
    try {
      const root = await this._requests.lineage(this.project, id, UP, 1);
      if (id !== this._asked) {
        return;
      }
      if (!root) {
        throw new Error(language.trans.__('there is no datum %1', id));
      }
      this._begin(root);
    } catch (reason) {
      if (id === this._asked) {
        this._error = String((reason as Error).message ?? reason);
        this._asked = null;
      }
    }
    this._changed.emit();
  }

  /** Show the chain of the first datum of a run, where nobody has chosen one. */
  async showFirst(run: string): Promise<void> {
    const filter = { limit: 1 };
    const found = await this._requests.datums(this.project, run, filter).catch(() => null);
    const id = found?.datums[0]?.id;
    if (typeof id === 'number' && this._asked === null) {
      await this.show(id);
    }
  }

  /** Show both ways, or one alone. */
  look(way: Way): void {
    this._way = way;
    this._draw();
  }

  /** Choose a row; its datum's history is shown. */
  choose(key: string): void {
    this._key = key;
    const row = this.chosen;
    const node = row?.node ?? row?.of ?? null;
    if (row?.kind === 'datum' && key.startsWith('other/')) {
      this._pick(Number(key.split('/')[1]), row.node!.id);
    } else if (node) {
      this._tell(node);
    }
    this._changed.emit();
  }

  /** Unfold a row, or fold it. */
  async toggle(row: IChainRow): Promise<void> {
    const { key, node } = row;
    if (this._open.delete(key)) {
      this._draw();
      return;
    }
    this._open.add(key);
    this._draw();
    if (row.kind === 'datum' && node && !this._below.has(node.id)) {
      await this._unfold(node.id, key);
    }
  }

  /** Compare two versions of the code of the chosen datum. */
  async compare(old: number, last: number): Promise<void> {
    const { _node: node } = this;
    if (node) {
      this._compared = [old, last];
      const { project } = this;
      const found = await this._requests.history(project, node.id, old, last).catch(() => null);
      if (node === this._node && this._compared[0] === old && this._compared[1] === last) {
        this._history = found ?? this._history;
        this._changed.emit();
      }
    }
  }

  private _begin(root: INode): void {
    this._root = root;
    this._error = null;
    this._below = new Map([[root.id, root]]);
    this._picked = new Map();
    this._open = new Set();
    this._key = `datum/${root.id}`;
    this._draw();
    this._tell(root);
    if (root.down.count === 1) {
      const [only] = this._rows.filter(row => row.waiting !== undefined);
      if (only) {
        void this.toggle(only);
      }
    }
  }

  /** What was made of a datum further down. */
  private async _unfold(id: number, key: string): Promise<void> {
    const root = this._root;
    try {
      const found = await this._requests.lineage(this.project, id, 0, 1);
      if (root === this._root && found) {
        this._below.set(id, found);
      }
    } catch {
      this._open.delete(key); // it can be tried again
    }
    this._draw();
  }

  /** Let the chain go up by another of the datums that one was made from. */
  private _pick(of: number, id: number): void {
    this._picked.set(of, id);
    this._open.delete(`others/${of}`);
    this._key = `datum/${id}`;
    this._draw();
    const node = this.chosen?.node;
    if (node) {
      this._tell(node);
      // Of those beside the first one the answer may not have reached up to the raw files.
      void this._reach(node);
    }
  }

  private async _reach(node: INode): Promise<void> {
    const found = await this._requests.lineage(this.project, node.id, UP, 0).catch(() => null);
    if (found && this._rows.some(row => row.node === node)) {
      Object.assign(node, { up: found.up });
      this._draw();
    }
  }

  private _tell(node: INode): void {
    if (this._node?.id !== node.id) {
      this._node = node;
      this._history = null;
      this._compared = null;
      void this._read(node);
    }
  }

  private async _read(node: INode): Promise<void> {
    const found = await this._requests.history(this.project, node.id).catch(() => null);
    if (node === this._node) {
      this._history = found;
      this._changed.emit();
    }
  }

  private _draw(): void {
    const { _root: root, _below: below, _open: open, _picked: picked, _way: way } = this;
    this._rows = root ? rowsOf({ root, below, open, picked, way }) : [];
    this._changed.emit();
  }

  private _asked: number | null = null;
  private _below = new Map<number, INode>();
  private _compared: readonly [number, number] | null = null;
  private _error: string | null = null;
  private _history: IHistory | null = null;
  private _key = '';
  private _node: INode | null = null;
  private _open = new Set<string>();
  private _picked = new Map<number, number>();
  private _root: INode | null = null;
  private _rows: readonly IChainRow[] = [];
  private _way: Way = 'both';
  private readonly _changed = new Signal<this, void>(this);
}
