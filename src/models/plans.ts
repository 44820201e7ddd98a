/** The plan that is shown, and what is decided by it; done by the server, asked for here. */
import { Signal } from '@lumino/signaling';

import type { IUpkeepRequest, Requests } from '../requests';
import type { IPlan, IRecording, IUpkeep, Verb } from '../tokens';

/** Which code is planned; without a recipe it is what the newest run recorded. */
export interface IPlanned {
  project: string;
  transform: string;
  recipe?: string;
}

/** What is under way: a verb, or the cell is read, by its own kernel or by one that is started. */
export type Busy = Verb | 'record' | 'start';

/** So many datums would run, after that run. */
interface IWould {
  count: number;
  run: string | null;
}

/** Milliseconds between two looks: a plan's first rows soon, then less often. */
const LOOKS = [100, 200, 300, 500];

/** One plan at a time, shown with the notebook that it was made for. */
export class PlansModel {
  /**
   * `place` tells transforms of one name apart: the notebook in front. `latest` is the newest run
   * of a transform there.
   */
  constructor(
    private readonly _requests: Pick<Requests, 'upkeep' | 'upkeepOf' | 'giveUp'>,
    private readonly _place: () => object | null = () => null,
    private readonly _latest: (name: string) => string | null = () => null,
    private readonly _looks: readonly number[] = LOOKS
  ) {}

  get changed(): Signal<this, void> {
    return this._changed;
  }
  /** The transform whose plan is shown. */
  get name(): string | null {
    return this._here ? this._name : null;
  }
  /** The cell's text as it was planned; undefined where another one was recorded. */
  get source(): string | undefined {
    return this._source;
  }
  /**
   * How many datums of a transform would run, by its last plan; null: it was not planned, or has
   * run since, whoever began that.
   */
  would(name: string): number | null {
    const known = this._wouldHere.get(name);
    return known && known.run === this._latest(name) ? known.count : null;
  }
  /** Whether the transform has run since the plan that is shown was asked for. */
  get ran(): boolean {
    const { name } = this;
    return this.plan !== null && name !== null && this._before !== this._latest(name);
  }
  /** A run of it is asked for: what was planned is carried out, or out of date. */
  forget(name: string): void {
    if (this._wouldHere.delete(name)) {
      this._changed.emit();
    }
  }
  /** What is planned, once the kernel has told it. */
  get recipe(): IPlanned | null {
    return this._here ? this._recipe : null;
  }
  get plan(): IPlan | null {
    return this._here ? this._plan : null;
  }
  /** What is being done; null: nothing. */
  get busy(): Busy | null {
    return this._busy;
  }
  /** Which of how many cells the kernel that was started executes. */
  get cells(): readonly [number, number] | null {
    return this._cells;
  }
  /** Why it cannot be. */
  get error(): string | null {
    return this._error;
  }
  /** What was decided last, in words. */
  get said(): readonly string[] {
    return this._said;
  }

  /** Plan what `record` gives a name to; null if another plan has taken its place. */
  async make(
    name: string,
    source: string | undefined,
    record: () => Promise<IPlanned | IRecording>
  ): Promise<IUpkeep | null> {
    const round = this._begin(name, source);
    try {
      const told = await record();
      const recipe = 'upkeep' in told ? await this._recorded(round, told) : told;
      if (recipe === null || round !== this._round) {
        return null;
      }
      this._recipe = recipe;
      return await this._do(round, { verb: 'plan', ...asked(recipe) });
    } catch (reason) {
      this._fail(round, reason);
      return null;
    }
  }

  /** Prune, move, mark as equivalent; then plan again, so that one sees what it came to. */
  async decide(verb: Verb, more: { all?: boolean; undo?: boolean }): Promise<IUpkeep | null> {
    const { recipe } = this;
    if (!recipe || this._busy) {
      return null;
    }
    const round = ++this._round;
    this._said = [];
    this._error = null;
    const said = Object.entries(more).filter(([, value]) => value);
    const { transform, recipe: digest } = recipe;
    const code = verb === 'equivalent' && digest ? { recipe: digest } : {};
    try {
      const told = await this._do(round, {
        verb,
        transform,
        ...code,
        ...Object.fromEntries(said)
      });
      if (told?.state === 'done') {
        await this._do(round, { verb: 'plan', ...asked(recipe) });
      }
      return told;
    } catch (reason) {
      this._fail(round, reason);
      return null;
    }
  }

  /** Show no plan; one in the making is no longer looked at, and given up. */
  close(): void {
    this._begin(null, undefined);
    this._busy = null;
    this._changed.emit();
  }

  private _begin(name: string | null, source: string | undefined): number {
    if (this._open) {
      this._requests.giveUp(...this._open).catch(() => undefined); // it has ended just now
    }
    this._open = null;
    this._cells = null;
    this._name = name;
    this._of = this._place();
    this._source = source;
    this._recipe = null;
    this._plan = null;
    this._error = null;
    this._said = [];
    this._busy = 'record';
    this._changed.emit();
    return ++this._round;
  }

  private async _do(round: number, request: IUpkeepRequest): Promise<IUpkeep | null> {
    this._busy = request.verb;
    this._before = this._latest(this._name ?? '');
    this._changed.emit();
    const { project } = this._recipe!;
    return this._follow(round, project, await this._requests.upkeep(project, request));
  }

  /** Wait until a kernel that the server has started has recorded the cell; null: it has not. */
  private async _recorded(round: number, asked: IRecording): Promise<IPlanned | null> {
    const { project, transform, upkeep } = asked;
    if (round === this._round) {
      this._busy = 'start';
      this._changed.emit();
    }
    const recipe = (await this._follow(round, project, upkeep))?.recipe;
    return recipe ? { project, transform, recipe } : null;
  }

  private async _follow(round: number, project: string, id: string): Promise<IUpkeep | null> {
    if (round !== this._round) {
      this._requests.giveUp(project, id).catch(() => undefined); // another one was asked for
      return null;
    }
    this._open = [project, id];
    for (let look = 0; round === this._round; look++) {
      const wait = this._looks[Math.min(look, this._looks.length - 1)];
      await new Promise(resolve => window.setTimeout(resolve, wait));
      const told = round === this._round ? await this._requests.upkeepOf(project, id) : null;
      if (told && round === this._round && this._take(told)) {
        return told;
      }
    }
    return null;
  }

  /** Keep what is told; whether it has ended. */
  private _take(told: IUpkeep): boolean {
    this._plan = told.plan ?? this._plan;
    this._cells = told.cells ?? null;
    if (told.state === 'done' && told.plan?.ended && this._name !== null) {
      this._wouldOf(this._of).set(this._name, { count: told.plan.would_run, run: this._before });
    }
    if (told.state !== 'open') {
      this._open = null;
      this._busy = null;
      this._error = told.state === 'refused' ? (told.message ?? '') : null;
      this._said = told.lines.length ? told.lines : this._said;
    }
    this._changed.emit();
    return told.state !== 'open';
  }

  private get _here(): boolean {
    return this._of === this._place();
  }

  private get _wouldHere(): Map<string, IWould> {
    return this._wouldOf(this._place());
  }

  private _wouldOf(place: object | null): Map<string, IWould> {
    const key = place ?? this;
    const known = this._would.get(key) ?? new Map<string, IWould>();
    this._would.set(key, known);
    return known;
  }

  private _fail(round: number, reason: unknown): void {
    if (round === this._round) {
      this._busy = null;
      this._error = reason instanceof Error ? reason.message : String(reason);
      this._changed.emit();
    }
  }

  /** The newest run of the transform when its plan was asked for. */
  private _before: string | null = null;
  private _busy: Busy | null = null;
  private _cells: readonly [number, number] | null = null;
  private _error: string | null = null;
  private _name: string | null = null;
  /** The notebook in front when it was asked for. */
  private _of: object | null = null;
  /** What could be given up: its project and its id. */
  private _open: [string, string] | null = null;
  private _plan: IPlan | null = null;
  private _recipe: IPlanned | null = null;
  private _round = 0;
  private _said: readonly string[] = [];
  private _source: string | undefined;
  private readonly _would = new WeakMap<object, Map<string, IWould>>();
  private readonly _changed = new Signal<this, void>(this);
}

function asked(recipe: IPlanned): { transform: string; recipe?: string } {
  const { transform, recipe: digest } = recipe;
  return digest ? { transform, recipe: digest } : { transform };
}
