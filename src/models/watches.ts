/** Which transforms of the shown project are watched; asked for anew when something happens. */
import { Signal } from '@lumino/signaling';

import { language } from '../language';
import type { Requests } from '../requests';
import type { IWatch } from '../tokens';
import type { PanelModel } from './panel';

/** Seconds that a file must have stood still, if nothing else is said. */
export const SETTLE = 2;
/** Milliseconds between two looks: at what was asked for, and at what is watched. */
const SOON = 300;
const OFTEN = 10_000;
/** Looks at what was asked for, before it is left to the runner. */
const LOOKS = 100;

/** The watches of one project. */
export class WatchesModel {
  constructor(
    private readonly _panel: Pick<PanelModel, 'changed' | 'project' | 'row' | 'runs'>,
    private readonly _requests: Pick<Requests, 'watches' | 'watch' | 'answer'>,
    private readonly _soon = SOON
  ) {
    _panel.changed.connect(this._look, this);
    this._look();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }

  /** How a transform is watched; null: it is not, and never was. */
  of(name: string): IWatch | null {
    return this._watches.find(one => one.transform === name) ?? null;
  }

  /** Watch a transform's input, or do so no more; refused is an error with its sentence. */
  async ask(name: string, settle: number | null): Promise<IWatch | null> {
    const { project } = this._panel;
    if (!project) {
      throw new Error(
        language.trans.__('%1 has not run: run it once, then it can be watched', name)
      );
    }
    const request = await this._requests.watch(project, name, settle);
    for (let look = 0; look < LOOKS; look++) {
      const { state, answer } = await this._requests.answer(project, request);
      if (state === 'refused') {
        throw new Error(answer ?? language.trans.__('%1 cannot be watched', name));
      }
      if (state === 'done') {
        break;
      }
      await new Promise(resolve => window.setTimeout(resolve, this._soon));
    }
    await this._read(project);
    return this.of(name);
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
    this._panel.changed.disconnect(this._look, this);
    Signal.clearData(this);
  }

  private _look(): void {
    const { project, row } = this._panel;
    // A run that begins or ends may be one that a watch has asked for; before the first one there
    // may be no ledger yet, and nothing can be watched.
    const about = project && row?.run ? `${project} ${row.run.uuid} ${row.run.ended}` : '';
    if (about !== this._about) {
      this._about = about;
      void (project && about ? this._read(project) : this._take([]));
    }
  }

  private async _read(project: string): Promise<void> {
    window.clearTimeout(this._timer);
    // An older server half knows of no watches.
    const found = await this._requests.watches(project).catch(() => []);
    if (project === this._panel.project && !this._disposed) {
      this._take(Array.isArray(found) ? found : []);
    }
  }

  private _take(found: IWatch[]): void {
    window.clearTimeout(this._timer);
    const same = JSON.stringify(found) === JSON.stringify(this._watches);
    this._watches = found;
    const { project } = this._panel;
    if (project && found.some(one => one.state === 'active')) {
      this._timer = window.setTimeout(() => void this._read(project), OFTEN);
    }
    if (!same) {
      this._changed.emit();
    }
  }

  private _about = '';
  private _disposed = false;
  private _timer = 0;
  private _watches: IWatch[] = [];
  private readonly _changed = new Signal<this, void>(this);
}
