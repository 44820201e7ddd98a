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
  /** How many datums there are, and whether more are being listed: as the run has it by now. */
  get datums(): { count: number; listing: boolean } {
    const [answers, run] = [this._answers, this._run];
    const listing = Boolean(answers?.counting);
    return listing && run?.counts && run.uuid === this._panel.row?.run?.uuid
      ? { count: Math.max(answers?.datums ?? 0, run.total), listing: !run.counts.planned }
      : { count: answers?.datums ?? 0, listing };
  }

  dispose(): void {
    this._panel.changed.disconnect(this._look, this);
    this._panel.runs.changed.disconnect(this._look, this);
    this._run?.changed.disconnect(this._early, this);
    this._about = ''; // an answer that is under way is for nobody
    Signal.clearData(this);
  }

  private _look(): void {
    const { project, row } = this._panel;
    this._follow();
    const run = row?.run;
    // Asked for at a run's beginning and end: how it goes on, its own section shows.
    const about = project && run ? `${project}/${run.name}/${run.uuid}/${run.ended ?? ''}` : '';
    if (about === this._about) {
      return;
    }
    const other = this._answers?.name !== row?.name;
    this._about = about;
    this._due = Infinity;
    if (!about || other) {
      this._answers = null;
      this._changed.emit();
    }
    if (project && run) {
      void this._ask(project, run.name, about);
    }
  }

  private async _ask(project: string, name: string, about: string): Promise<void> {
    const ended = this._ended();
    // An older server half has no answers: then the panel shows none.
    const found = await this._requests.overview(project, name).catch(() => null);
    if (about !== this._about) {
      return;
    }
    if (found && !found.times && about.endsWith('/')) {
      // Nothing has ended yet: what was known holds, and what is not known is no answer.
      this._due = 2 * ended + 1;
      this._early();
    } else {
      this._answers = Array.isArray(found?.days) ? found : null;
      this._changed.emit();
    }
  }

  /** Hear of the run that is shown: its first datums may end after it was asked about. */
  private _follow(): void {
    const { run } = this._panel;
    if (run !== this._run) {
      this._run?.changed.disconnect(this._early, this);
      run?.changed.connect(this._early, this);
      this._run = run;
    }
  }

  /** Count on; and ask once more when the first datums have ended; if that was too early, at twice as many. */
  private _early(): void {
    const { project, row, run } = this._panel;
    const { count, listing } = this.datums;
    if (this._counted !== `${count} ${listing}`) {
      this._counted = `${count} ${listing}`;
      this._changed.emit();
    }
    if (project && row?.run && row.run.uuid === run?.uuid && this._ended() >= this._due) {
      this._due = Infinity;
      void this._ask(project, row.run.name, this._about);
    }
  }

  /** How many datums of the run that is shown have been executed to their end. */
  private _ended(): number {
    return this._run?.counts?.executions ?? 0;
  }

  private _about = '';
  private _answers: IOverview | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private _counted = '';
  private _due = Infinity;
  private _run: PanelModel['run'] = null;
}
