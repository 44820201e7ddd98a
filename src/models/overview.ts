/** The three questions about the selected transform, asked when it or its run changes. */
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IOverview } from '../tokens';
import type { PanelModel } from './panel';

/** How many datums, how long one takes, how many are new. */
export class OverviewModel {
  constructor(
    private readonly _panel: Pick<PanelModel, 'changed' | 'project' | 'run' | 'row' | 'runs'>,
    private readonly _requests: Pick<Requests, 'overview'>
  ) {
    _panel.changed.connect(this._look, this);
    _panel.runs.changed.connect(this._look, this);
    this._look();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The answers; null while they are not known. */
  get answers(): IOverview | null {
    return this._answers;
  }

  dispose(): void {
    this._panel.changed.disconnect(this._look, this);
    this._panel.runs.changed.disconnect(this._look, this);
    Signal.clearData(this);
  }

  private _look(): void {
    const { project, row } = this._panel;
    const run = row?.run;
    // Asked for twice a run, and not while it goes on: the run's own section shows that.
    const about = project && run ? `${project}/${run.name}/${run.uuid}/${run.ended ?? ''}` : '';
    if (about === this._about) {
      return;
    }
    const other = this._answers?.name !== row?.name;
    this._about = about;
    if (!about || other) {
      this._answers = null;
      this._changed.emit();
    }
    if (project && run) {
      void this._ask(project, run.name, about);
    }
  }

  private async _ask(project: string, name: string, about: string): Promise<void> {
    // An older server half has no answers: then the panel shows none.
    const found = await this._requests.overview(project, name).catch(() => null);
    // What was known holds while a run that has just begun lists its datums: 0 is no answer.
    if (about === this._about && !(found?.counting && this._answers)) {
      this._answers = Array.isArray(found?.days) ? found : null;
      this._changed.emit();
    }
  }

  private _about = '';
  private _answers: IOverview | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
