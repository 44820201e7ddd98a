/** Which runs are worth a word: at their first failure and at their end, once a page each. */
import { alarms } from './alarms';
import { ENDED } from '../tokens';
import type { IRun } from '../tokens';
import type { ITold } from './runs';

/** What is worth a word of a run. */
export type What = 'failing' | 'done' | 'expected' | 'failed' | 'error' | 'interrupted' | 'paused';

/** One word about one run; a later one takes the place of an earlier. */
export interface INotice {
  project: string;
  run: IRun;
  what: What;
}

/** Seconds that a run must have taken for its good end to be told. */
const LONG = 10;
/** A first failure is told after this: a run that ends meanwhile has one word, and not two. */
const PATIENCE = 2000;
/** What the runner says of a pause that somebody asked for, who knows it. */
const BY_HAND = 'paused by hand';

interface IKnown {
  /** As it was heard of last. */
  run: IRun;
  /** Whether its first failure was told, or was there before this page. */
  failing: boolean;
  lost: boolean;
  /** Whether it waits for somebody, as it has paused itself. */
  waits: boolean;
  over: boolean;
  timer: number;
}

/** Hears of runs and says what is to be told; who shows it, and whether, is not its business. */
export class Notices {
  constructor(
    private readonly _say: (notice: INotice) => void,
    private readonly _patience = PATIENCE
  ) {}

  /** A run was heard of. */
  hear({ project, run, before }: ITold): void {
    const key = `${project}/${run.uuid}`;
    let known = this._known.get(key);
    if (!known) {
      // What had happened when the page came is no news, unless the run began with the page.
      const fresh = before === null && run.requested * 1000 >= this._since;
      const over = ENDED.has(run.status) && !fresh;
      known = {
        run,
        failing: alarms(run) > 0 && !fresh,
        lost: false,
        waits: false,
        over,
        timer: 0
      };
      known.lost = run.status === 'interrupted';
      known.waits = waits(run) && !fresh;
      this._known.set(key, known);
    }
    known.run = run;
    if (!known.over) {
      this._look(known, project, run);
    }
  }

  dispose(): void {
    this._known.forEach(known => window.clearTimeout(known.timer));
  }

  private _look(known: IKnown, project: string, run: IRun): void {
    if (ENDED.has(run.status)) {
      known.over = true;
      window.clearTimeout(known.timer);
      const what = endOf(run);
      if (what) {
        this._say({ project, run, what });
      }
      return;
    }
    const lost = run.status === 'interrupted';
    if (lost && !known.lost) {
      this._say({ project, run, what: 'interrupted' });
    }
    known.lost = lost;
    if (waits(run) && !known.waits) {
      known.failing = true; // the pause says so
      window.clearTimeout(known.timer);
      this._say({ project, run, what: 'paused' });
    }
    known.waits = waits(run);
    if (alarms(run) > 0 && !known.failing) {
      known.failing = true;
      const say = () => this._say({ project, run: known.run, what: 'failing' });
      known.timer = window.setTimeout(say, this._patience);
    }
  }

  private readonly _since = Date.now();
  private readonly _known = new Map<string, IKnown>();
}

function waits(run: IRun): boolean {
  return run.status === 'paused' && run.message !== BY_HAND;
}

function endOfGood(run: IRun, what: What): What | null {
  return (run.ended ?? 0) - (run.started ?? run.requested) >= LONG ? what : null;
}

/** What is said of an end: who has cancelled a run knows it, and a short one was watched. */
function endOf(run: IRun): What | null {
  switch (run.status) {
    case 'error':
      return 'error';
    case 'failed':
      return alarms(run) ? 'failed' : endOfGood(run, 'expected');
    case 'success':
      return endOfGood(run, 'done');
    default:
      return null;
  }
}
