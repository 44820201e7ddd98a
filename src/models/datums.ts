/** Datums that are looked at: a page of a group's, and one with all its detail. */
import { Signal } from '@lumino/signaling';

import type { IFilter, Requests } from '../requests';
import { FAILED } from '../tokens';
import type { IDatum, IDatumDetail, IHistory, ILog, INode, IOutput } from '../tokens';

/** Datums a page. */
const PAGE = 25;

/** The datums that a filter lets through, page by page; only the pages asked for are held. */
export class DatumsModel {
  constructor(
    private readonly _requests: Pick<Requests, 'datums'>,
    readonly project: string,
    readonly run: string,
    readonly filter: IFilter
  ) {
    void this.more();
  }

  get changed(): Signal<this, void> {
    return this._changed;
  }
  get datums(): readonly IDatum[] {
    return this._datums;
  }
  get loading(): boolean {
    return this._loading;
  }
  get hasMore(): boolean {
    return this._next !== null;
  }
  get error(): string | null {
    return this._error;
  }
  /** Whether all of them are here. */
  get whole(): boolean {
    return this._next === null && this._error === null;
  }

  /** Load the next page. */
  async more(): Promise<void> {
    if (this._loading || this._next === null) {
      return;
    }
    this._loading = true;
    try {
      const filter = { ...this.filter, after: this._next, limit: PAGE };
      const page = await this._requests.datums(this.project, this.run, filter);
      this._datums = [...this._datums, ...page.datums];
      this._next = page.next;
      this._error = null;
    } catch (reason) {
      this._error = String((reason as Error).message ?? reason);
    }
    this._loading = false;
    this._changed.emit();
  }

  private _datums: IDatum[] = [];
  private _error: string | null = null;
  private _loading = false;
  // undefined: from the beginning; null: there are no more.
  private _next: string | null | undefined = undefined;
  private readonly _changed = new Signal<this, void>(this);
}

/** One datum with inputs, outputs, attempts and what it printed. */
export class DatumModel {
  constructor(
    private readonly _requests: Pick<
      Requests,
      'datum' | 'display' | 'history' | 'lineage' | 'log' | 'position'
    >,
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
  /** What its cell displayed, but for a result that the detail tells. */
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

  /** Show the datum with this id. */
  async open(id: number): Promise<void> {
    const round = ++this._round;
    try {
      const found = await this._requests.datum(this.project, id);
      // Oldest first, whatever order they come in: the last one is what is shown.
      const attempts = [...found.attempts].sort(
        (one, two) => (one.began ?? 0) - (two.began ?? 0) || one.attempt - two.attempt
      );
      const datum = { ...found, attempts };
      if (round === this._round) {
        this._datum = datum;
        this._pending = null;
        this._error = null;
        this._attempt = Math.max(0, datum.attempts.length - 1);
        this._forget();
        this._changed.emit();
        await Promise.all([
          this._readLog(round),
          this._readOutputs(round, datum),
          this._readOrigins(round, id)
        ]);
      }
    } catch (reason) {
      this._fail(round, reason);
    }
  }

  /** Show the datum at a place of the run's input. */
  async openAt(position: number): Promise<void> {
    const round = ++this._round;
    try {
      const datum = await this._requests.position(this.project, this.run, position);
      if (round !== this._round) {
        return;
      }
      if (datum.id !== null && datum.id !== undefined) {
        await this.open(datum.id);
        return;
      }
      this._datum = null;
      this._log = null;
      this._forget();
      this._pending = datum;
      this._changed.emit();
    } catch (reason) {
      this._fail(round, reason);
    }
  }

  /** Show another attempt. */
  async choose(attempt: number): Promise<void> {
    this._attempt = attempt;
    this._changed.emit();
    await this._readLog(this._round);
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

  private async _readLog(round: number): Promise<void> {
    const datum = this._datum;
    const attempt = datum?.attempts[this._attempt];
    this._log = null;
    if (datum?.id && attempt) {
      const { run, attempt: number } = attempt;
      const log = await this._requests.log(this.project, datum.id, run, number).catch(() => null);
      if (round === this._round) {
        this._log = log;
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

  private async _readOutputs(round: number, datum: IDatumDetail): Promise<void> {
    if (!datum.id || (datum.state !== 'success' && datum.state !== 'recovered')) {
      return;
    }
    const outputs = await this._requests.display(this.project, datum.id).catch(() => []);
    if (round === this._round && outputs.length) {
      const told = datum.result !== null;
      this._outputs = outputs.filter(one => !told || one.output_type !== 'execute_result');
      this._changed.emit();
    }
  }

  private _fail(round: number, reason: unknown): void {
    if (round === this._round) {
      this._error = String((reason as Error).message ?? reason);
      this._changed.emit();
    }
  }

  private _attempt = 0;
  private _datum: IDatumDetail | null = null;
  private _error: string | null = null;
  private _compared: readonly [number, number] | null = null;
  private _history: IHistory | null = null;
  private _log: ILog | null = null;
  private _node: INode | null = null;
  private _outputs: readonly IOutput[] = [];
  private _pending: IDatum | null = null;
  private _round = 0;
  private readonly _changed = new Signal<this, void>(this);
}

/**
 * The place of the next failed datum from `from`, forwards or backwards, round the end; -1
 * if there is none. It reads the bytes that are here: no request, however many datums.
 */
export function nextFailed(states: Uint8Array, total: number, from: number, step: 1 | -1): number {
  const bytes = states.subarray(0, total);
  if (step === 1) {
    const next = bytes.indexOf(FAILED, from + 1);
    return next >= 0 ? next : bytes.indexOf(FAILED);
  }
  const before = from > 0 ? bytes.lastIndexOf(FAILED, from - 1) : -1;
  return before >= 0 ? before : bytes.lastIndexOf(FAILED);
}
