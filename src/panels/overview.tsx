/** Three questions: how many datums, how long does one take, how many are new each day. */
import React from 'react';

import type { OverviewModel } from '../models/overview';
import type { IOverview } from '../tokens';
import { count, span } from './format';
import { useHost, useSignals } from './parts';

/** Days in the chart. */
const DAYS = 14;
const DAY = 86_400_000;

/** The answers for the selected transform. */
export function OverviewView(props: { overview: OverviewModel }): JSX.Element | null {
  const { trans } = useHost();
  const { overview } = props;
  useSignals(overview.changed);
  const { answers, datums } = overview;
  if (!answers) {
    return null;
  }
  const { times } = answers;
  return (
    <dl className="jp-datum-questions" aria-label={trans.__('Three questions')}>
      <div>
        <dt>{trans.__('Datums')}</dt>
        <dd>
          <b>{count(datums.count)}</b>
          <small>{datums.listing ? trans.__('still listing') : trans.__('in all')}</small>
        </dd>
      </div>
      <div>
        <dt>{trans.__('One takes')}</dt>
        <dd>
          <b>{times ? span(times.p50) : '–'}</b>
          {times ? (
            <small title={timesTitle(trans, times)}>
              {trans.__('95% < %1', below(span(times.p95)))}
            </small>
          ) : null}
        </dd>
      </div>
      <div>
        <dt>{trans.__('New a day')}</dt>
        <dd>
          {/* Days are counted when a run ends: in the first one, "0 in 7 days" were not true. */}
          {answers.days.length || !datums.count ? <NewADay days={answers.days} /> : <b>–</b>}
        </dd>
      </div>
    </dl>
  );
}

function timesTitle(
  trans: ReturnType<typeof useHost>['trans'],
  times: NonNullable<IOverview['times']>
): string {
  const words = [
    trans.__('95% up to %1, longest %2', span(times.p95), span(times.longest)),
    times.all ? '' : trans.__('of %1 of them', count(times.looked))
  ];
  return words.filter(Boolean).join(', ');
}

/** How many were new on each of the last days, today last. */
export function newByDay(days: IOverview['days'], now: number, n = DAYS): number[] {
  const by = new Map(days.map(day => [day.date, day.new]));
  return Array.from({ length: n }, (_, at) => {
    const date = new Date(now - (n - 1 - at) * DAY).toISOString().slice(0, 10);
    return by.get(date) ?? 0;
  });
}

/** They are as they were while a run that lists its datums is counted on. */
const NewADay = React.memo(function NewADay(props: { days: IOverview['days'] }): JSX.Element {
  const { trans } = useHost();
  const values = newByDay(props.days, Date.now());
  const today = values[values.length - 1];
  const week = values.slice(-7).reduce((sum, n) => sum + n, 0);
  const top = Math.max(1, ...values);
  const [step, height] = [5, 20];
  const words = trans.__('today %1, %2 in 7 days', count(today), count(week));
  return (
    <>
      <svg
        className="jp-datum-days"
        role="img"
        aria-label={trans.__('New datums of the last %1 days: %2', DAYS, words)}
        width={DAYS * step}
        height={height}
      >
        {values.map((n, at) => {
          const tall = n ? Math.max(2, (n / top) * height) : 1;
          return (
            <rect
              key={at}
              x={at * step}
              y={height - tall}
              width={step - 1}
              height={tall}
              data-none={n ? undefined : true}
            >
              <title>{count(n)}</title>
            </rect>
          );
        })}
      </svg>
      <small title={words}>{trans.__('%1 in 7 days', count(week))}</small>
    </>
  );
});

/** What stands behind a `<`: the shortest of all spans is `<1 ms` already. */
function below(words: string): string {
  return words.replace(/^</, '');
}
