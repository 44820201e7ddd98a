/** What is known of a transform over its runs: asked when a run document opens, and at its end. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { IOverview, IRun } from '../tokens';
import type { RunModel } from './run';
import { RunPages } from './runpages';

/** The three questions, and the runs there were. */
export class AnswersModel implements IDisposable {
  constructor(
    private readonly _run: Pick<RunModel, 'project' | 'info' | 'ended' | 'changed'>,
    private readonly _requests: Pick<Requests, 'overview' | 'runs' | 'run'>
  ) {
    _run.changed.connect(this._look, this);
    this._look();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get overview(): IOverview | null {
    return this._overview;
  }
  /** Newest first, as far as they have been asked for. */
  get runs(): readonly IRun[] {
    return this._pages?.runs ?? [];
  }
  /** Whether that is all of them. */
  get whole(): boolean {
    return this._pages?.whole ?? true;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Ask for older runs. */
  async more(): Promise<void> {
    await this._pages?.more();
    this._changed.emit();
  }

  dispose(): void {
    this._disposed = true;
    this._run.changed.disconnect(this._look, this);
    Signal.clearData(this);
  }

  private _look(): void {
    const name = this._run.info?.name;
    const about = name === undefined ? '' : `${name}/${this._run.ended}`;
    if (name !== undefined && about !== this._about) {
      this._about = about;
      void this._ask(name, about);
    }
  }

  private async _ask(name: string, about: string): Promise<void> {
    const { project } = this._run;
    const pages = new RunPages(this._requests, project, name);
    // An older server half lacks one of them: then there is no such card.
    const [overview] = await Promise.all([
      this._requests.overview(project, name).catch(() => null),
      pages.more()
    ]);
    if (about === this._about && !this._disposed) {
      this._overview = Array.isArray(overview?.days) ? overview : null;
      this._pages = pages;
      this._changed.emit();
    }
  }

  private _about = '';
  private _overview: IOverview | null = null;
  private _pages: RunPages | null = null;
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
