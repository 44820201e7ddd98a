/** All attempts at a datum side by side, what they let one suppose, and how long it took. */
import React from 'react';

import type { DatumModel } from '../models/datum';
import { verdict } from '../models/verdict';
import type { IAttempt, ICounts, IDatumDetail, IGroup } from '../tokens';
import { count, oneLine, span, stateWord } from './format';
import { StateWord, useHost } from './parts';
import { dayClockTime, preciseTime } from './when';

/** Attempts shown before one asks for the older ones. */
const LATEST = 4;
/** Attempts that must have ended before an average says something. */
const ENOUGH = 5;

interface IShown {
  attempt: IAttempt;
  /** Its place among all of them. */
  at: number;
}

/** The name of what an attempt failed with. */
export function errorType(attempt: IAttempt): string {
  const lines = (attempt.traceback ?? '').split('\n');
  const first = (attempt.message ?? '').split('\n')[0];
  const last = lines.find(line => /^[\w.]+(: |$)/.test(line) && line.endsWith(first));
  const type = /^[\w.]+/.exec(last ?? '')?.[0] ?? '';
  return type.split('.').pop() || first;
}

/** One column an attempt, newest last; a press on its number shows it. */
export function Attempts(props: {
  datum: IDatumDetail;
  model: DatumModel;
  group: IGroup | null;
  /** Workers of the run in which it was last; null: not known. */
  workers: number | null;
}): JSX.Element | null {
  const { trans } = useHost();
  const { datum, model, group, workers } = props;
  const [all, setAll] = React.useState(false);
  const { attempts } = datum;
  if (!attempts.length) {
    return null;
  }
  const from = all ? 0 : Math.max(0, attempts.length - LATEST);
  const shown = attempts.slice(from).map((attempt, at) => ({ attempt, at: from + at }));
  const said = verdict(trans, attempts, group, workers);
  const rows: [string, (attempt: IAttempt, at: number) => React.ReactNode][] = [
    [trans.__('state'), one => <StateWord state={one.state} word={stateWord(trans, one.state)} />],
    [
      trans.__('error'),
      one => (one.state === 'failed' ? <Brief text={oneLine(errorType(one))} /> : '–')
    ],
    [trans.__('worker'), one => (one.worker ? <Brief text={oneLine(one.worker)} /> : '–')],
    [trans.__('began'), one => (one.began ? preciseTime(one.began) : '–')],
    [trans.__('took'), one => (one.seconds === null ? '–' : span(one.seconds))],
    [trans.__('waited'), (_, at) => waited(attempts, at) ?? '–']
  ];
  return (
    <section data-section="attempts">
      <h2>
        {trans.__('Attempts')}
        {from ? (
          <span className="jp-datum-aside">
            <button className="jp-datum-link" onClick={() => setAll(true)}>
              {trans._n('1 earlier', '%1 earlier', from)}
            </button>
          </span>
        ) : null}
      </h2>
      <div className="jp-datum-scroll" tabIndex={0} role="group" aria-label={trans.__('Attempts')}>
        <table className="jp-datum-tries">
          <Heads shown={shown} model={model} />
          <tbody>
            {rows.map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                {shown.map(({ attempt, at }) => (
                  <td key={at} data-chosen={at === model.attempt || undefined}>
                    {value(attempt, at)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {said ? <p className="jp-datum-muted jp-datum-verdict">{said}</p> : null}
    </section>
  );
}

/** The number of each attempt, below that of its run where there are several. */
function Heads(props: { shown: readonly IShown[]; model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { shown, model } = props;
  const runs: { number: number; attempts: number }[] = [];
  for (const { number = 0 } of shown.map(one => one.attempt)) {
    const last = runs[runs.length - 1];
    if (last?.number === number) {
      last.attempts++;
    } else {
      runs.push({ number, attempts: 1 });
    }
  }
  const several = runs.length > 1;
  return (
    <thead>
      {several ? (
        <tr>
          <td />
          {runs.map(({ number, attempts }, at) => (
            <th key={at} scope="colgroup" colSpan={attempts}>
              {trans.__('run %1', number)}
            </th>
          ))}
        </tr>
      ) : null}
      <tr>
        <td />
        {shown.map(({ attempt, at }) => (
          <th key={at} scope="col" data-chosen={at === model.attempt || undefined}>
            <button
              className="jp-datum-button"
              data-kind="flat"
              aria-pressed={at === model.attempt}
              aria-label={
                several
                  ? trans.__('Attempt %1 of run %2', attempt.attempt, attempt.number)
                  : trans.__('Attempt %1', attempt.attempt)
              }
              onClick={() => void model.choose(at)}
            >
              {attempt.attempt}
            </button>
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** At most two lines of it; a tooltip has all. */
function Brief(props: { text: string }): JSX.Element {
  return <bdi title={props.text}>{props.text}</bdi>;
}

/** How long a further attempt of a run was held back. */
function waited(attempts: readonly IAttempt[], at: number): string | null {
  const [before, here] = [attempts[at - 1], attempts[at]];
  if (!before?.began || !here?.began || before.run !== here.run) {
    return null;
  }
  return span(Math.max(0, here.began - before.began - (before.seconds ?? 0)));
}

/** When it began and how long it took, beside the run's average. */
export function Timing(props: { attempt: IAttempt; counts: ICounts | null }): JSX.Element | null {
  const { trans } = useHost();
  const { attempt, counts } = props;
  if (!attempt.began) {
    return null;
  }
  const usual = counts && counts.executions >= ENOUGH ? counts.seconds / counts.executions : null;
  const facts: [string, string][] = [
    [trans.__('Began'), dayClockTime(attempt.began)],
    [trans.__('Took'), attempt.seconds === null ? '' : span(attempt.seconds)],
    [trans.__('Average of the run'), usual === null ? '' : comparison(trans, attempt, usual)]
  ];
  return (
    <section data-section="timing">
      <h2>{trans.__('Timing')}</h2>
      <dl className="jp-datum-pairs">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function comparison(
  trans: ReturnType<typeof useHost>['trans'],
  attempt: IAttempt,
  usual: number
): string {
  const times = usual > 0 && attempt.seconds !== null ? attempt.seconds / usual : 0;
  return times >= 2
    ? trans.__('%1; this took %2 times as long', span(usual), count(Math.round(times)))
    : span(usual);
}
