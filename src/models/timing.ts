/** How a run went: asked for while somebody looks, and again when the run has moved on. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { Requests } from '../requests';
import type { ITiming } from '../tokens';
import type { RunModel } from './run';

/** Milliseconds between two questions while a run goes on. */
const PERIOD = 2000;
/** The same while the server is still reading a large run: it reads some of it each time. */
const READING = 150;

/** How one run went. */
export class TimingModel implements IDisposable {
  constructor(
    private readonly _run: Pick<RunModel, 'project' | 'uuid' | 'ended' | 'changed'>,
    private readonly _requests: Pick<Requests, 'timing'>,
    private readonly _period = PERIOD
  ) {
    _run.changed.connect(this._look, this);
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** What is known; null: nothing yet. */
  get answer(): ITiming | null {
    return this._answer;
  }
  get error(): string | null {
    return this._error;
  }
  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Seconds of the timeline; 0: the whole run; null: there is none. */
  get window(): number | null {
    return this._window;
  }
  set window(seconds: number | null) {
    if (seconds !== this._window) {
      this._window = seconds;
      this._last = false;
      this._changed.emit();
      this._soon(0);
    }
  }

  /** Whether somebody looks; else nothing is asked. */
  get shown(): boolean {
    return this._shown;
  }
  set shown(shown: boolean) {
    if (shown !== this._shown) {
      this._shown = shown;
      this._last = this._last && this._error === null; // what went wrong is asked again
      this._look();
    }
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
    this._run.changed.disconnect(this._look, this);
    Signal.clearData(this);
  }

  private _look(): void {
    if (!this._last) {
      this._soon(this._asked + this._period - Date.now());
    }
  }

  private _soon(wait: number): void {
    if (this._disposed || !this._shown || this._asking) {
      return;
    }
    if (this._timer) {
      window.clearTimeout(this._timer);
    }
    this._timer = window.setTimeout(() => void this._ask(), Math.max(0, wait));
  }

  private async _ask(): Promise<void> {
    const { _window: wanted } = this;
    // What is answered after the end is the last word, once all was read.
    const ended = this._run.ended;
    this._timer = 0;
    this._asking = true;
    this._asked = Date.now();
    try {
      this._answer = await this._requests.timing(this._run.project, this._run.uuid, wanted);
      this._error = null;
      this._last = ended && this._answer.whole && wanted === this._window;
    } catch (reason) {
      this._error = reason instanceof Error ? reason.message : String(reason);
      this._last = ended; // it is asked again when somebody comes back
    }
    this._asking = false;
    if (this._disposed) {
      return;
    }
    this._changed.emit();
    if (wanted !== this._window) {
      this._soon(0);
    } else if (this._answer && !this._answer.whole && !this._error) {
      this._soon(READING);
    } else if (this._run.ended && !this._last) {
      this._look();
    }
  }

  private _answer: ITiming | null = null;
  private _error: string | null = null;
  private _window: number | null = null;
  private _shown = false;
  private _asking = false;
  private _asked = 0;
  private _last = false;
  private _timer = 0;
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}
