/** What the user has set for all of our views; the settings keep it. */
import { Signal } from '@lumino/signaling';

/** The settings by their names in the schema. */
export interface IPreferences {
  /** For runs of which neither cell nor user says it; empty: joblib. */
  engine: string;
  /** The same for the number of workers; 0: all usable cores. */
  workers: number;
  /** Frames a second of a run that is in view. */
  rate: number;
  palette: 'normal' | 'distinct';
  /** Whether failed datums are hatched as well. */
  hatch: boolean;
  /** How much a cell's output shows of its run. */
  progress: 'full' | 'line';
  notifications: 'off' | 'page' | 'system';
}

/** As it is without any settings. */
export const USUAL: Readonly<IPreferences> = {
  engine: '',
  workers: 0,
  rate: 4,
  palette: 'normal',
  hatch: false,
  progress: 'full',
  notifications: 'page'
};

/** The preferences in force, shared by all views. */
export class Preferences {
  /** One of them has changed. */
  get changed(): Signal<this, void> {
    return this._changed;
  }
  get now(): Readonly<IPreferences> {
    return this._now;
  }

  /** Take what the settings say; what is of another kind than the usual is not taken. */
  take(said: Readonly<Record<string, unknown>>): void {
    const known = Object.entries(USUAL).map(([name, usual]) => {
      const value = said[name];
      return [name, typeof value === typeof usual ? value : usual];
    });
    const next = Object.fromEntries(known) as IPreferences;
    if (JSON.stringify(next) !== JSON.stringify(this._now)) {
      this._now = next;
      this._changed.emit();
    }
  }

  private _now: Readonly<IPreferences> = USUAL;
  private readonly _changed = new Signal<this, void>(this);
}
