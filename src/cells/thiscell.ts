/** The active cell of the notebook in front: what it is marked as, and what is done to it. */
import { CodeCell } from '@jupyterlab/cells';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';

import { language } from '../language';
import { isName, nameOf, nameOfMark, suggestName } from '../models/marks';
import type { PanelModel } from '../models/panel';
import type { IPicked, IRun, Pick } from '../tokens';
import type { OpenNotebook } from './opennotebook';

/** The active cell. */
export class ThisCell {
  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _panel: PanelModel,
    private readonly _notebook: () => OpenNotebook | null
  ) {
    _tracker.activeCellChanged.connect(() => this._follow());
    _panel.changed.connect(() => this._changed.emit());
    this._follow();
  }

  /** It is another cell, or what is known of it is another. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** Datums that were picked here: id of a cell -> what is bound. */
  get picked(): ReadonlyMap<string, IPicked> {
    return this._picked;
  }
  /** The transform that it is. */
  get name(): string | null {
    const cell = this._code;
    return cell ? nameIn(cell) : null;
  }
  /** What its metadata say of a transform. */
  get metadata(): unknown {
    return this._code?.model.getMetadata('datum') ?? null;
  }
  /** Whether its metadata mark it. */
  get marked(): boolean {
    const cell = this._code;
    return cell !== null && this.name !== null && this.name === markOf(cell);
  }
  get canBeMarked(): boolean {
    const cell = this._code;
    return cell !== null && isMarkable(cell);
  }
  get hasKernel(): boolean {
    return Boolean(this._notebook()?.kernel);
  }
  get busy(): boolean {
    return this._notebook()?.busy ?? false;
  }
  /** The latest run of its transform. */
  get run(): IRun | null {
    const { name } = this;
    return this._panel.rows.find(row => row.name === name)?.run ?? null;
  }

  /** The name of its transform; a sentence if it is none. */
  needed(): string {
    const { name } = this;
    if (name === null) {
      throw new Error(
        language.trans.__(
          'the active cell is no transform: mark it, or begin it with %1',
          '%%datum NAME -i INPUT'
        )
      );
    }
    return name;
  }

  suggestedName(): string {
    const cell = this._code;
    return suggestName(cell ? source(cell) : '', new Set(this._panel.rows.map(row => row.name)));
  }

  /**
   * What has the metadata mark this cell, though another be the active one by then: the focus comes
   * back from a dialog to where it was, and others edit the notebook too. What else they say stays.
   */
  marker(): (name: string, input?: string) => { name: string } {
    const cell = this._code;
    return (name, input) => this._mark(cell, name, input);
  }

  private _mark(cell: CodeCell | null, name: string, input?: string): { name: string } {
    if (!cell || cell.isDisposed || !isMarkable(cell)) {
      throw new Error(
        language.trans.__(
          'the active cell cannot be marked: it is no code, or is a transform already'
        )
      );
    }
    if (!isName(name)) {
      throw new Error(
        language.trans.__(
          'the name of a transform is a Python name, as in thumbs; not %1',
          JSON.stringify(name)
        )
      );
    }
    const before = cell.model.getMetadata('datum') ?? {};
    cell.model.setMetadata('datum', { ...before, name, ...(input ? { input } : {}) });
    if (cell !== this._code) {
      void this._notebook()?.show(cell.model.id); // the form is that of the active one
    }
    return { name };
  }

  unmark(): { unmarked: string } {
    const cell = this._code;
    const name = cell && markOf(cell);
    if (!cell || !name) {
      throw new Error(language.trans.__('the active cell is not marked by its metadata'));
    }
    cell.model.deleteMetadata('datum');
    this._picked.delete(cell.model.id);
    return { unmarked: name };
  }

  /** Have the kernel bind `datum` to another one of its datums. */
  async pick(which: Pick): Promise<IPicked> {
    this.needed();
    const cell = this._code;
    const notebook = this._notebook();
    if (!cell || !notebook) {
      throw new Error(language.trans.__('no notebook is open'));
    }
    const picked = await notebook.pick(cell.model.id, which);
    this._picked.set(cell.model.id, picked);
    this._changed.emit();
    return picked;
  }

  private get _code(): CodeCell | null {
    const cell = this._tracker.activeCell;
    return cell instanceof CodeCell ? cell : null;
  }

  private _follow(): void {
    Signal.disconnectReceiver(this);
    const model = this._code?.model;
    model?.metadataChanged.connect(this._onEdit, this);
    model?.contentChanged.connect(this._onEdit, this);
    this._changed.emit();
  }

  private _onEdit(): void {
    this._changed.emit();
  }

  private readonly _picked = new Map<string, IPicked>();
  private readonly _changed = new Signal<this, void>(this);
}

function source(cell: CodeCell): string {
  return cell.model.sharedModel.getSource();
}

function nameIn(cell: CodeCell): string | null {
  return nameOf({ source: source(cell), mark: markOf(cell) });
}

/** No transform yet, and nothing else either that a cell begins with. */
function isMarkable(cell: CodeCell): boolean {
  return nameIn(cell) === null && !/^\s*%%/.test(source(cell));
}

function markOf(cell: CodeCell): string | null {
  return nameOfMark(cell.model.getMetadata('datum'));
}
