/** What is said aloud of a run, for those who do not see it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { alarms } from '../models/alarms';
import type { RunModel } from '../models/run';
import type { Status } from '../tokens';
import { count, failedWord, span, standing } from './format';
import { byState, doneOf, useClock, useHost, useSignals } from './parts';

/** Milliseconds between two sentences that nothing of note asks for. */
const PAUSE = 15_000;

/** What is of note: a change of it is told at once. */
interface INoted {
  run: string;
  status: Status;
  /** Quarters that are done, once the listing is. */
  quarters: number;
  failing: boolean;
  stalled: boolean;
}

/** The sentences, one after another. */
export class Spoken {
  constructor(private readonly _trans: TranslationBundle) {}

  /** What has been said last, after a look at how the run stands at `now` (milliseconds). */
  look(run: RunModel, slow: number | null, now: number): string {
    const { counts, total } = run;
    if (!counts) {
      return this._text;
    }
    const trans = this._trans;
    const stalled = run.stalled(now / 1000, slow);
    const done = doneOf(byState(counts, total), total);
    const noted: INoted = {
      run: run.uuid,
      status: counts.status,
      quarters: counts.planned && total ? Math.min(3, Math.floor((4 * done) / total)) : 0,
      failing: alarms(counts) > 0,
      stalled: stalled !== null
    };
    const same = JSON.stringify(noted) === JSON.stringify(this._noted);
    if (same && now - this._at < PAUSE) {
      return this._text;
    }
    const before = this._noted?.run === run.uuid ? this._noted : noted;
    const words = [
      noted.failing && !before.failing ? trans.__('First failure') : '',
      stalled !== null && !before.stalled ? trans.__('no progress for %1', span(stalled)) : '',
      noted.quarters > before.quarters ? `${25 * noted.quarters}%` : '',
      trans.__(
        '%1: %2 of %3 done, %4',
        standing(trans, counts),
        count(done),
        count(total),
        failedWord(trans, counts)
      )
    ];
    [this._noted, this._at] = [noted, now];
    this._text = words.filter(Boolean).join('. ');
    return this._text;
  }

  private _at = 0;
  private _noted: INoted | null = null;
  private _text = '';
}

/** Speaks at the first failure, at each quarter, at a halt and an end; else every 15 seconds. */
export function Announcer(props: { run: RunModel; slow?: number | null }): JSX.Element {
  const { trans } = useHost();
  const { run, slow } = props;
  useSignals(run.changed);
  useClock(run.counts !== null && !run.ended);
  const spoken = React.useMemo(() => new Spoken(trans), [trans]);
  return (
    <div className="jp-datum-hidden" aria-live="polite" aria-atomic="true">
      {spoken.look(run, slow ?? null, Date.now())}
    </div>
  );
}
