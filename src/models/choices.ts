/** How the next run of each transform is to differ from its cell: what one has set, not yet run. */
import { Signal } from '@lumino/signaling';

import type { IOnce } from './cells';
import { isPlain } from './cells';

/** The choices of this page. */
export class ChoicesModel {
  /** `usual` is what the user's settings choose for all transforms. */
  constructor(private readonly _usual: () => IOnce = () => ({})) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }

  /** What is chosen for a transform; empty: all as in its cell. */
  of(name: string): IOnce {
    return { ...this._usual(), ...this._chosen.get(name) };
  }

  /** What the settings choose has changed. */
  refresh(): void {
    this._changed.emit();
  }

  /** Choose some more; undefined takes a choice back. */
  choose(name: string, more: IOnce): void {
    this._chosen.set(name, { ...this._chosen.get(name), ...more });
    this._changed.emit();
  }

  /** All as in the cell and the settings again. */
  reset(name: string): void {
    this._chosen.delete(name);
    this._changed.emit();
  }

  /** Whether anything is chosen. */
  any(name: string): boolean {
    return !isPlain(this.of(name));
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private readonly _chosen = new Map<string, IOnce>();
  private readonly _changed = new Signal<this, void>(this);
}
