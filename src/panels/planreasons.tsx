/** Why datums would run, which come first, and how large they are: lines of a plan that unfold. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IPlan } from '../tokens';
import { bytes, count, oneLine } from './format';
import { useHost } from './parts';

/** What the planner's reasons are called here. */
export function reasonWord(trans: TranslationBundle, reason: string): string {
  const words: Record<string, string> = {
    new: trans.__('new'),
    'input changed': trans.__('input changed'),
    'code changed': trans.__('code changed'),
    'environment changed': trans.__('environment changed'),
    'failed before': trans.__('failed before'),
    'recovered before': trans.__('recovered before'),
    'input changed while it was processed': trans.__('input changed while it was processed'),
    'output missing': trans.__('output missing'),
    'output edited by hand': trans.__('output edited by hand: kept'),
    renamed: trans.__('renamed'),
    'restored from kept results': trans.__('restored from kept results'),
    forced: trans.__('forced'),
    'touched, content unchanged': trans.__('touched, content unchanged'),
    unchanged: trans.__('unchanged')
  };
  return words[reason] ?? oneLine(reason);
}

/** A datum's reason in the user's language, with what changed. */
function fullReason(trans: TranslationBundle, why: string): string {
  const [reason, ...what] = why.split(': ');
  return [reasonWord(trans, reason), ...what].join(': ');
}

/** Why, with the first of each reason. */
export function Reasons(props: { plan: IPlan }): JSX.Element {
  const { trans } = useHost();
  const { plan } = props;
  return (
    <ul className="jp-datum-reasons" aria-label={trans.__('Reasons')}>
      {Object.entries(plan.reasons).map(([reason, n]) => (
        <li key={reason}>
          <Folded
            head={reasonWord(trans, reason)}
            figure={count(n)}
            rows={plan.examples[reason] ?? []}
            total={n}
          />
          {reason === 'code changed' ? <Parts parts={plan.parts} /> : null}
          {reason === 'environment changed' ? <Parts parts={plan.environment} /> : null}
        </li>
      ))}
    </ul>
  );
}

/** Which part of the code it was, or which package. */
function Parts(props: { parts: Record<string, number> }): JSX.Element {
  return (
    <ul className="jp-datum-parts">
      {Object.entries(props.parts).map(([part, n]) => (
        <li key={part} className="jp-datum-row">
          <bdi className="jp-datum-grow jp-datum-wrap">{oneLine(part)}</bdi>
          <span>{count(n)}</span>
        </li>
      ))}
    </ul>
  );
}

/** A line with a figure that unfolds into rows, if it has any. */
function Folded(props: {
  head: string;
  figure: string;
  rows: readonly string[];
  total: number;
}): JSX.Element {
  const { trans } = useHost();
  const { head, figure, rows, total } = props;
  const line = (
    <>
      <span className="jp-datum-grow">{head}</span>
      <b>{figure}</b>
    </>
  );
  if (!rows.length) {
    return <div className="jp-datum-row jp-datum-unfolded">{line}</div>;
  }
  return (
    <details>
      <summary className="jp-datum-row">{line}</summary>
      <ol className="jp-datum-names">
        {rows.map((row, at) => (
          <li key={at}>
            <bdi>{oneLine(row)}</bdi>
          </li>
        ))}
        {total > rows.length ? (
          <li className="jp-datum-muted">{trans.__('and %1 more', count(total - rows.length))}</li>
        ) : null}
      </ol>
    </details>
  );
}

/** The first that would run. */
export function First(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { first, why, would_run } = props.plan;
  return first.length ? (
    <Folded
      head={trans.__('The first that would run')}
      figure={count(first.length)}
      rows={first.map((name, at) => `${name}  (${fullReason(trans, why[at])})`)}
      total={would_run}
    />
  ) : null;
}

/** How large a datum is, and the largest. */
export function Sizes(props: { plan: IPlan }): JSX.Element | null {
  const { trans } = useHost();
  const { sizes } = props.plan;
  const { largest } = sizes;
  if (!largest?.length) {
    return null;
  }
  const head = trans.__(
    'A datum has %1 (median), 95% up to %2',
    bytes(sizes.median ?? 0),
    bytes(sizes.p95 ?? 0)
  );
  const rows = largest.map(([name, size]) => `${bytes(size)}  ${name}`);
  return <Folded head={head} figure={bytes(sizes.bytes ?? 0)} rows={rows} total={rows.length} />;
}
