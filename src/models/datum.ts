/** One datum with all its detail: files, attempts, code, what it prints. */
import { DisposableDelegate } from '@lumino/disposable';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import { oldestFirst } from './attempts';
import type { Requests } from '../requests';
import { ENDED } from '../tokens';
import type {
  IAttempt,
  ICode,
  IDatum,
  IDatumDetail,
  IHistory,
  ILog,
  INode,
  IOutput,
  IPreview,
  IPrinting,
  IRun,
  Side
} from '../tokens';

/** What a datum's page asks; an older server half knows not all of it. */
export type DatumRequests = Pick<
  Requests,
  'datum' | 'display' | 'history' | 'lineage' | 'log' | 'position'
> &
  Partial<Pick<Requests, 'code' | 'preview' | 'printing' | 'run'>>;

/** Runs of the page, of which some are of the datum's project. */
type Told = ISignal<unknown, { project: string; run: IRun; before: IRun | null }>;

/**
 * Have a datum renewed when a run of its project has ended: it may have been one that tried it
 * again. A list of runs is told run by run: however many have ended, it is asked for once.
 */
export function keepFresh(model: DatumModel, told: Told): IDisposable {
  let due = false;
  const renew = () => {
    due = false;
    void model.renew();
  };
  const onTold: Parameters<Told['connect']>[0] = (_, { project, run, before }) => {
    const over = project === model.project && ENDED.has(run.status);
    if (over && before?.status !== run.status && !due) {
      due = true;
      queueMicrotask(renew);
    }
  };
  told.connect(onTold);
  return new DisposableDelegate(() => told.disconnect(onTold));
}

/** One datum with inputs, outputs, attempts and what it printed. */
export class DatumModel {
  constructor(
    private readonly _requests: DatumRequests,
    readonly project: string,
    readonly run: string
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get datum(): IDatumDetail | null {
    return this._datum;
  }
  /** The datum's place where it has no detail yet. */
  get pending(): IDatum | null {
    return this._pending;
  }
  get log(): ILog | null {
    return this._log;
  }
  /** What it prints while it is at work. */
  get printing(): IPrinting | null {
    return this._printing;
  }
  /** The code of the attempt that is shown. */
  get code(): ICode | null {
    return this._code;
  }
  /** What its cell displayed in the attempt that is shown, but for a result that the detail
   *  tells. */
  get outputs(): readonly IOutput[] {
    return this._outputs;
  }
  /** Its versions over time; null: not known. */
  get history(): IHistory | null {
    return this._history;
  }
  /** Which two codes the history's difference is of; null: the last two. */
  get compared(): readonly [number, number] | null {
    return this._compared;
  }
  /** What it was made from, and what was made of it. */
  get node(): INode | null {
    return this._node;
  }
  get error(): string | null {
    return this._error;
  }
  /** The attempt that is shown: an index of `datum.attempts`. */
  get attempt(): number {
    return this._attempt;
  }
  /** Whether what is known of the attempt that is shown is here. */
  get ready(): boolean {
    return this._ready;
  }
  get shown(): IAttempt | null {
    return this._datum?.attempts[this._attempt] ?? null;
  }

  /** Show the datum with this id. */
  async open(id: number): Promise<void> {
    const round = ++this._round;
    this._wanted = id;
    try {
      const found = await this._requests.datum(this.project, id);
      // The last one is what is shown.
      const datum = { ...found, attempts: oldestFirst(found.attempts) };
      if (round === this._round) {
        this._datum = datum;
        this._pending = null;
        this._error = null;
        this._log = null;
        this._code = null;
        this._printing = null;
        this._ready = false;
        this._attempt = Math.max(0, datum.attempts.length - 1);
        this._forget();
        this._changed.emit();
        await Promise.all([this._readAttempt(round), this._readOrigins(round, id)]);
      }
    } catch (reason) {
      this._fail(round, reason);
    }
  }

  /** Show the datum at a place of the run's input. */
  async openAt(position: number): Promise<void> {
    const round = ++this._round;
    this._wanted = null;
    try {
      const datum = await this._requests.position(this.project, this.run, position);
      if (round !== this._round) {
        return;
      }
      if (datum.id !== null && datum.id !== undefined) {
        await this.open(datum.id);
        return;
      }
      const printing =
        datum.state === 'running'
          ? await this._requests.printing?.(this.project, this.run, position).catch(() => null)
          : null;
      if (round !== this._round) {
        return;
      }
      this._printing = printing ?? null;
      this._datum = null;
      this._log = null;
      this._code = null;
      this._error = null;
      this._forget();
      this._pending = datum;
      this._changed.emit();
    } catch (reason) {
      if (this._error || this._pending?.position !== position) {
        this._fail(round, reason); // a further look that fails leaves what is shown
      }
    }
  }

  /** The datum that was asked for last by its id; undefined: nothing was asked for. */
  get wanted(): number | null | undefined {
    return this._wanted;
  }

  /** Show another attempt. */
  async choose(attempt: number): Promise<void> {
    this._attempt = attempt;
    this._log = null;
    this._code = null;
    this._outputs = [];
    this._ready = false;
    this._changed.emit();
    await this._readAttempt(this._round);
  }

  /** The beginning of a file of the datum, or its bytes; null where the server has none. */
  async preview(side: Side, n: number, raw = false): Promise<IPreview | null> {
    const { _datum: datum, shown } = this;
    if (!datum?.id || !this._requests.preview) {
      return null;
    }
    const of = side === 'partial' && shown ? { run: shown.run, attempt: shown.attempt } : {};
    const more = raw ? { ...of, raw: 1 } : of;
    return this._requests.preview(this.project, datum.id, side, n, more);
  }

  /** Show how two versions of the code differ. */
  async compare(old: number, last: number): Promise<void> {
    const id = this._datum?.id;
    const round = this._round;
    if (id) {
      this._compared = [old, last];
      const found = await this._requests.history(this.project, id, old, last).catch(() => null);
      if (round === this._round && this._compared[0] === old && this._compared[1] === last) {
        this._history = found ?? this._history;
        this._changed.emit();
      }
    }
  }

  /** Ask again for what is shown. */
  async refresh(): Promise<void> {
    if (this._datum?.id) {
      await this.open(this._datum.id);
    }
  }

  /** Read it again if it has come to another outcome. */
  async renew(): Promise<void> {
    const { _datum: was, _round: round } = this;
    const now = was?.id ? await this._requests.datum(this.project, was.id).catch(() => null) : null;
    const other =
      now && (now.run !== was!.run || now.attempt !== was!.attempt || now.state !== was!.state);
    if (other && round === this._round) {
      await this.open(was!.id!);
    }
  }

  /** What an attempt printed, and its code. */
  private async _readAttempt(round: number): Promise<void> {
    const { shown, project } = this;
    const id = this._datum?.id;
    if (id && shown) {
      const { run, attempt } = shown;
      const [log, code, outputs] = await Promise.all([
        this._requests.log(project, id, run, attempt).catch(() => null),
        this._requests.code?.(project, id, run, attempt).catch(() => null) ?? null,
        this._requests.display(project, id, run, attempt).catch(() => [])
      ]);
      if (round === this._round && shown === this.shown) {
        this._log = log;
        this._code = code?.blocks ? code : null;
        this._outputs = this._untold(shown, outputs);
        this._ready = true;
      }
    }
    this._changed.emit();
  }

  /** What was read beside the datum is of another one. */
  private _forget(): void {
    this._outputs = [];
    this._history = null;
    this._compared = null;
    this._node = null;
  }

  /** An older server half knows neither. */
  private async _readOrigins(round: number, id: number): Promise<void> {
    const [history, node] = await Promise.all([
      this._requests.history(this.project, id).catch(() => null),
      this._requests.lineage(this.project, id).catch(() => null)
    ]);
    if (round === this._round) {
      this._history = history?.versions ? history : null;
      this._node = node?.inputs ? node : null;
      this._changed.emit();
    }
  }

  /** Those outputs that the page does not show by other means. An older server half gives the
   *  newest success's, whichever attempt is asked for. */
  private _untold(shown: IAttempt, outputs: readonly IOutput[]): readonly IOutput[] {
    const told = shown.state === 'failed' || this._datum?.result !== null;
    return outputs.filter(one => !told || one.output_type !== 'execute_result');
  }

  private _fail(round: number, reason: unknown): void {
    if (round === this._round) {
      this._wanted = null;
      this._error = String((reason as Error).message ?? reason);
      this._changed.emit();
    }
  }

  private _attempt = 0;
  private _datum: IDatumDetail | null = null;
  private _error: string | null = null;
  private _code: ICode | null = null;
  private _compared: readonly [number, number] | null = null;
  private _history: IHistory | null = null;
  private _log: ILog | null = null;
  private _node: INode | null = null;
  private _outputs: readonly IOutput[] = [];
  private _pending: IDatum | null = null;
  private _printing: IPrinting | null = null;
  private _ready = false;
  private _round = 0;
  private _wanted: number | null | undefined = undefined;
  private readonly _changed = new Signal<this, void>(this);
}
