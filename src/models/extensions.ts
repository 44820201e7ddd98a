/** What other extensions have added: renderers of files, and actions on failed datums. */
import { DisposableDelegate } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type {
  IDatumFile,
  IDatumRenderer,
  IDatumRenderers,
  IFailedDatum,
  IFailureAction,
  IFailureActions
} from '../tokens';

/** Where one that gives no rank stands. */
const RANK = 100;

/** Things of one kind, in the order of their ranks; what has the same rank stays as it came. */
class Added<T extends { rank?: number }> {
  get changed(): Signal<this, void> {
    return this._changed;
  }

  add(one: T): IDisposable {
    this._all = [...this._all, one].sort((a, b) => (a.rank ?? RANK) - (b.rank ?? RANK));
    this._changed.emit();
    return new DisposableDelegate(() => {
      this._all = this._all.filter(other => other !== one);
      this._changed.emit();
    });
  }

  protected _all: readonly T[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

/** The renderers of files. */
export class DatumRenderers extends Added<IDatumRenderer> implements IDatumRenderers {
  find(file: IDatumFile): IDatumRenderer | null {
    const name = file.rel.toLowerCase();
    return (
      this._all.find(
        one =>
          one.mimeTypes?.includes(file.mime) ||
          one.extensions?.some(end => name.endsWith(end.toLowerCase()))
      ) ?? null
    );
  }
}

/** The actions on failed datums. */
export class FailureActions extends Added<IFailureAction> implements IFailureActions {
  of(datum: IFailedDatum): readonly IFailureAction[] {
    return this._all.filter(one => one.isVisible?.(datum) ?? true);
  }
}
