/**
 * Settings that kernels, runners and the command line go by: they stand in the user's own file on
 * the server, and JupyterLab's settings show and change what stands there.
 */
import { RefusedError } from '../requests';
import type { Requests } from '../requests';

/** Their names in the schema, which the server knows too. */
export const SHARED = [
  'engine',
  'workers',
  'idle',
  'historyRuns',
  'keepDays',
  'keepSize',
  'cacheSize',
  'ahead',
  'logSize'
] as const;

type Values = Record<string, string | number>;

/** What is needed of JupyterLab's settings of one plugin. */
export interface IEditable {
  readonly user: Readonly<Record<string, unknown>>;
  default(key: string): unknown;
  set(key: string, value: string | number): Promise<void>;
  remove(key: string): Promise<void>;
  readonly changed: { connect(slot: () => void): boolean };
}

/** Keeps the two alike: at first as the file has it, then as the user changes it here. */
export class SharedSettings {
  constructor(
    private readonly _requests: Pick<Requests, 'userSettings' | 'setUserSettings'>,
    private readonly _mine: IEditable,
    private readonly _tell: (sentence: string) => void
  ) {}

  /** Take what the file says; from then on, write what is changed here into it. */
  async begin(): Promise<void> {
    if (await this._read()) {
      this._mine.changed.connect(() => {
        this._last = this._last.then(() => this._write());
      });
    }
  }

  /** Settled when what was changed so far is written. */
  get written(): Promise<void> {
    return this._last;
  }

  private async _read(): Promise<boolean> {
    try {
      const { said, mistake } = await this._requests.userSettings();
      if (mistake !== null) {
        this._tell(mistake);
      }
      this._said = said;
    } catch (reason) {
      // An older server half has no such file to show.
      return !(reason instanceof RefusedError) && this._refused(reason);
    }
    await this._show();
    return true;
  }

  /** Have the settings show what the file says. */
  private async _show(): Promise<void> {
    for (const name of SHARED) {
      const value = this._said[name];
      const shown = typeof this._mine.default(name) === 'string' ? text(value) : value;
      if (shown !== this._of(name)) {
        const done = shown === undefined ? this._mine.remove(name) : this._mine.set(name, shown);
        await done.catch(reason => this._refused(reason));
      }
    }
  }

  private async _write(): Promise<void> {
    const changed = SHARED.filter(name => text(this._of(name)) !== text(this._said[name]));
    if (!changed.length) {
      return;
    }
    const values = changed.map(name => [name, this._of(name) ?? null]);
    try {
      this._said = (await this._requests.setUserSettings(Object.fromEntries(values))).said;
    } catch (reason) {
      this._refused(reason);
      await this._show(); // as it is, and not as somebody wished it to be
    }
  }

  /** What the user has set; empty, or none, is nothing, and so are defaults: editors write them out. */
  private _of(name: string): string | number | undefined {
    const value = this._mine.user[name] as string | number | undefined;
    const usual = this._said[name] === undefined && value === this._mine.default(name);
    return usual || value === '' || value === 0 ? undefined : value;
  }

  private _refused(reason: unknown): false {
    this._tell(reason instanceof Error ? reason.message : String(reason));
    return false;
  }

  private _last: Promise<void> = Promise.resolve();
  private _said: Readonly<Values> = {};
}

function text(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
