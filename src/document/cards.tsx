/** Four answers at a glance: how many, how long each, how many are new, what was not repeated. */
import React from 'react';

import type { AnswersModel } from '../models/answers';
import type { RunModel } from '../models/run';
import { bytes, count, leftAlone, span } from '../panels/format';
import { newByDay } from '../panels/overview';
import { Bar, StateWord, useHost } from '../panels/parts';
import { dayTime } from '../panels/when';
import type { IRun, ITiming } from '../tokens';
import { shortSpan } from './charts/scale';

/** Days in the small chart. */
const DAYS = 14;

/** All four. */
export function Cards(props: {
  run: RunModel;
  timing: ITiming | null;
  answers: AnswersModel;
}): JSX.Element {
  return (
    <div className="jp-datum-cards">
      <Many run={props.run} timing={props.timing} />
      <Each {...props} />
      <New {...props} />
      <Saved {...props} />
    </div>
  );
}

function Card(props: { title: string; children: React.ReactNode }): JSX.Element {
  return (
    <section className="jp-datum-card">
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

function Many(props: { run: RunModel; timing: ITiming | null }): JSX.Element {
  const { trans } = useHost();
  const { run, timing } = props;
  const { counts, total } = run;
  const listing = counts && !counts.planned && !run.ended;
  return (
    <Card title={trans.__('How many')}>
      <div className="jp-datum-card-figure">{count(total)}</div>
      <div className="jp-datum-muted">
        {listing ? trans.__('so far, still listing') : null}
        {!listing && timing?.bytes ? sizeText(trans, timing, total) : null}
        {!listing && !timing?.bytes ? trans._n('datum', 'datums', total) : null}
      </div>
      <div className="jp-datum-card-foot">
        {counts ? <Bar counts={counts} total={total} /> : null}
      </div>
    </Card>
  );
}

function sizeText(
  trans: ReturnType<typeof useHost>['trans'],
  timing: ITiming,
  total: number
): string {
  const size = bytes(timing.bytes ?? 0);
  return timing.whole && timing.sized === timing.looked
    ? trans._n('datum, %2 of input', 'datums, %2 of input', total, size)
    : trans.__('datums, %1 of input in %2 of them', size, count(timing.sized));
}

/** A time that no line ends within. */
const whole = (seconds: number) => shortSpan(seconds).replace(' ', '\u00a0');

function Each(props: {
  run: RunModel;
  timing: ITiming | null;
  answers: AnswersModel;
}): JSX.Element {
  const { trans } = useHost();
  const { run, timing, answers } = props;
  const known = timing?.times ?? answers.overview?.times ?? null;
  const last = timing?.times ? null : trans.__('when they last ran');
  const before = runBefore(answers.runs, run.info);
  const mine = meanOf(run.counts);
  const words = [
    mine ? trans.__('%1 on average', shortSpan(mine)) : null,
    before ? trans.__('run %1: %2', before.id, shortSpan(meanOf(before) ?? 0)) : null
  ];
  return (
    <Card title={trans.__('How long each')}>
      <div className="jp-datum-card-figure">
        {known ? shortSpan(known.p50) : '–'}{' '}
        {known ? <small>{last ?? trans.__('median')}</small> : null}
      </div>
      <div className="jp-datum-muted">
        {known
          ? trans.__('p95 %1 · longest %2', whole(known.p95), whole(known.longest))
          : trans.__('No datum has run yet.')}
      </div>
      <div className="jp-datum-card-foot">{words.filter(Boolean).join(' · ')}</div>
    </Card>
  );
}

/** Seconds that an attempt took on average. */
function meanOf(run: { seconds: number; executions: number } | null): number | null {
  return run && run.executions > 0 ? run.seconds / run.executions : null;
}

/** The newest run before this one in which something was run. */
export function runBefore(runs: readonly IRun[], run: Pick<IRun, 'id'> | null): IRun | null {
  return run ? (runs.find(one => one.id < run.id && one.executions > 0) ?? null) : null;
}

function New(props: { run: RunModel; answers: AnswersModel }): JSX.Element {
  const { trans } = useHost();
  const { run, answers } = props;
  const days = newByDay(answers.overview?.days ?? [], Date.now(), DAYS);
  const some = days.filter(n => n > 0);
  const began = run.info?.started ?? run.info?.requested;
  return (
    <Card title={trans.__('New each day')}>
      <div className="jp-datum-row">
        <div className="jp-datum-grow">
          <div className="jp-datum-card-figure">{answers.overview ? count(median(some)) : '–'}</div>
          <div className="jp-datum-muted">
            {some.length > 1
              ? trans.__('median of %1 days', count(some.length))
              : some.length
                ? trans.__('on one day of the last %1', DAYS)
                : trans.__('none in the last %1 days', DAYS)}
          </div>
        </div>
        <DaysChart days={days} />
      </div>
      <div className="jp-datum-card-foot">
        {began ? trans.__('this listing: %1', dayTime(began)) : null}
      </div>
    </Card>
  );
}

/** The middle one; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, two) => one - two);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 0;
}

function DaysChart(props: { days: number[] }): JSX.Element {
  const { trans } = useHost();
  const { days } = props;
  const top = Math.max(1, ...days);
  const height = 44;
  const words = days.map(n => count(n)).join(', ');
  return (
    <svg
      className="jp-datum-card-days"
      width={days.length * 8}
      height={height}
      role="img"
      aria-label={trans.__('New datums of the last %1 days, today last: %2', days.length, words)}
    >
      {days.map((n, at) => {
        const tall = n ? Math.max(2, (n / top) * height) : 1;
        return (
          <rect
            key={at}
            x={at * 8}
            y={height - tall}
            width={6}
            height={tall}
            data-today={at === days.length - 1 ? 'true' : undefined}
          >
            <title>{count(n)}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function Saved(props: { run: RunModel; answers: AnswersModel }): JSX.Element {
  const { trans } = useHost();
  const { run, answers } = props;
  const saving = answers.runs.filter(one => one.saved > 0);
  const saved = saving.reduce((sum, one) => sum + one.saved, 0);
  const skipped = (run.counts?.skipped ?? 0) - leftAlone(run.info, run.counts?.skipped ?? 0);
  return (
    <Card title={trans.__('Not repeated')}>
      <div className="jp-datum-card-figure">{saved ? span(saved) : '–'}</div>
      <div className="jp-datum-muted">
        {saving.length
          ? trans._n(
              'of work, in 1 run of this transform',
              'of work, in %1 runs of this transform',
              saving.length
            )
          : trans.__('What is unchanged is skipped next time.')}
      </div>
      <div className="jp-datum-card-foot">
        {skipped ? (
          <StateWord state="skipped" word={trans.__('%1 skipped (unchanged)', count(skipped))} />
        ) : null}
      </div>
    </Card>
  );
}
