/** What a run of the notebook in front could run on; asked for when somebody looks. */
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IEngine, IEngines } from '../tokens';
import type { PanelModel } from './panel';

/** Milliseconds for which an answer holds: the server keeps its own for as long. */
const FRESH = 60_000;

/** The engines that the notebook's interpreter has. */
export class EnginesModel {
  constructor(
    private readonly _panel: Pick<PanelModel, 'changed' | 'notebook'>,
    private readonly _requests: Pick<Requests, 'engines'>
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** What is known; null: nothing yet. */
  get known(): IEngines | null {
    return this._known;
  }
  /** Whether it is being asked for. */
  get busy(): boolean {
    return this._busy;
  }

  /** An engine by its name. */
  of(name: string): IEngine | null {
    return this._known?.engines.find(one => one.name === name) ?? null;
  }

  /** See that it is known of the notebook in front. */
  look(fresh = false): void {
    const { notebook } = this._panel;
    const about = notebook ? `${notebook.path} ${notebook.kernel ?? ''}` : '';
    const old = about !== this._about || Date.now() - this._at > FRESH;
    if (notebook && (fresh || old) && !(this._busy && about === this._about)) {
      this._about = about;
      this._at = Date.now();
      void this._ask(notebook.path, notebook.kernel, fresh);
    }
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  private async _ask(path: string, kernel: string | null, fresh: boolean): Promise<void> {
    const about = this._about;
    this._busy = true;
    this._changed.emit();
    // An older server half does not know: then any engine may be written by its name.
    const found = await this._requests.engines(path, kernel, fresh).catch(() => null);
    if (about === this._about && !this._disposed) {
      this._busy = false;
      this._known = Array.isArray(found?.engines) ? found : null;
      this._changed.emit();
    }
  }

  private _about = '';
  private _at = 0;
  private _busy = false;
  private _disposed = false;
  private _known: IEngines | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
