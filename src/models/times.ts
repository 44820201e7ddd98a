/** How long each datum of a run took, a byte a position; asked for only while it is looked at. */
import { Signal } from '@lumino/signaling';

import type { RunModel } from './run';

/** Milliseconds between two looks at the times of a run that goes on. */
const AGAIN = 10_000;

/** Gives a code for each position (docs/live-protocol.md, `durations`). */
export type ReadTimes = () => Promise<Uint8Array>;

/** The times of one run. */
export class TimesModel {
  constructor(
    private readonly _run: RunModel,
    private readonly _read: ReadTimes | undefined
  ) {}

  /** They are here, or refused. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  get codes(): Uint8Array | null {
    return this._codes;
  }
  /** Why there are none, in the server's sentence. */
  get refusal(): string | null {
    return this._refusal;
  }

  /** Ask again if that is due: what took its time since the last look has a time now. */
  async look(): Promise<void> {
    const due = !this._whole && Date.now() - this._at > AGAIN;
    if (!this._read || this._reading || !(due || (this._run.ended && !this._whole))) {
      return;
    }
    this._reading = true;
    const { ended } = this._run;
    try {
      this._codes = await this._read();
      this._refusal = null;
      this._whole = ended;
    } catch (reason) {
      this._refusal = String((reason as Error).message ?? reason);
      this._whole = true; // to choose the order once more asks once more
    }
    this._reading = false;
    this._at = Date.now();
    this._changed.emit();
  }

  /** Forget a refusal. */
  forgive(): void {
    if (this._refusal) {
      this._refusal = null;
      this._whole = false;
      this._at = 0;
    }
  }

  private _at = 0;
  private _codes: Uint8Array | null = null;
  private _reading = false;
  private _refusal: string | null = null;
  private _whole = false;
  private readonly _changed = new Signal<this, void>(this);
}
