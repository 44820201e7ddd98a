/** How the next run of each transform is to differ from its cell: what one has set, not yet run. */
import { Signal } from '@lumino/signaling';

import type { IOnce } from './cells';
import { isPlain } from './cells';
import { renamed } from './kept';

/** Transforms whose choices are kept. */
const KEPT = 50;

/** The choices, which outlive a reload. */
export class ChoicesModel {
  /** `place` tells transforms of one name apart: the notebook in front. */
  constructor(private readonly _place: () => string = () => '') {}

  get changed(): Signal<this, void> {
    return this._changed;
  }

  /** What is chosen for a transform; empty: all as in its cell. */
  of(name: string): IOnce {
    return { ...this._chosen.get(this._key(name)) };
  }

  /** Choose some more; undefined takes a choice back. */
  choose(name: string, more: IOnce): void {
    const chosen = { ...this._chosen.get(this._key(name)), ...more };
    this._chosen.delete(this._key(name)); // the latest come last
    this._chosen.set(this._key(name), chosen);
    this._changed.emit();
  }

  /** All as in the cell again. */
  reset(name: string): void {
    this._chosen.delete(this._key(name));
    this._changed.emit();
  }

  /** Whether anything is chosen. */
  any(name: string): boolean {
    return !isPlain(this.of(name));
  }

  /** All that is chosen, as it can be kept. */
  get chosen(): Readonly<Record<string, IOnce>> {
    return Object.fromEntries([...this._chosen].slice(-KEPT));
  }

  /** Take what was chosen before a reload; what has been chosen since stays. */
  remember(chosen: Readonly<Record<string, IOnce>>): void {
    this._chosen = new Map([...Object.entries(chosen), ...this._chosen]);
    this._changed.emit();
  }

  /** A notebook, or a folder above it, has another name. */
  rename(from: string, to: string): void {
    this._chosen = renamed(this._chosen, from, to);
    this._changed.emit();
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private _key(name: string): string {
    return `${this._place()}:${name}`;
  }

  private _chosen = new Map<string, IOnce>();
  private readonly _changed = new Signal<this, void>(this);
}
