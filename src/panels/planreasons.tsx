/** Why datums would run, which come first, and how large they are: lines of a plan that unfold. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { pressKey, pressWord, wordOf } from '../models/planpick';
import type { IPicked } from '../models/planpick';
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

/** What is chosen of a plan, and how it is chosen. */
export interface IPicking {
  picked: IPicked;
  onPick: (picked: IPicked) => void;
}

/** Why, with the first of each reason; reasons and single datums can be chosen, to run alone. */
export function Reasons(props: IPicking & { plan: IPlan }): JSX.Element {
  const { trans } = useHost();
  const { plan } = props;
  return (
    <ul className="jp-datum-reasons" aria-label={trans.__('Reasons')}>
      {Object.entries(plan.reasons).map(([reason, n]) => (
        <li key={reason}>
          <div className="jp-datum-picked">
            <Reason {...props} reason={reason} n={n} />
            <Folded
              head={reasonWord(trans, reason)}
              figure={count(n)}
              rows={plan.examples[reason] ?? []}
              total={n}
              pick={at => <Single {...props} reason={reason} at={at} />}
            >
              {reason === 'code changed' ? <Parts parts={plan.parts} /> : null}
              {reason === 'environment changed' ? <Parts parts={plan.environment} /> : null}
            </Folded>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** All datums of a reason. */
function Reason(props: IPicking & { plan: IPlan; reason: string; n: number }): JSX.Element {
  const { trans } = useHost();
  const { plan, picked, onPick, reason, n } = props;
  const word = plan.ended && n > 0 ? wordOf(reason) : null;
  if (word === null) {
    return <span className="jp-datum-pick" />;
  }
  return (
    <label className="jp-datum-pick">
      <input
        type="checkbox"
        aria-label={trans.__('Choose those with: %1', reasonWord(trans, reason))}
        checked={picked.words.has(word)}
        onChange={() => onPick(pressWord(picked, word))}
      />
    </label>
  );
}

/** One datum of a reason; a run can be limited to those that the plan has told keys of. */
function Single(props: IPicking & { plan: IPlan; reason: string; at: number }): JSX.Element | null {
  const { trans } = useHost();
  const { plan, picked, onPick, reason, at } = props;
  const key = plan.ended ? plan.keys?.[reason]?.[at] : undefined;
  if (key === undefined || reason === 'renamed') {
    return null; // to a run, a renamed file is a new one: it stands there
  }
  const all = picked.words.has(wordOf(reason) ?? '');
  return (
    <input
      type="checkbox"
      aria-label={trans.__('Choose %1', oneLine(plan.examples[reason][at]))}
      checked={all || picked.keys.has(key)}
      disabled={all}
      onChange={() => onPick(pressKey(picked, key))}
    />
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
  /** What stands before a row. */
  pick?: (at: number) => JSX.Element;
  /** What stands below the line, unfolded or not. */
  children?: React.ReactNode;
}): JSX.Element {
  const { trans } = useHost();
  const { head, figure, rows, total, pick, children } = props;
  const [open, setOpen] = React.useState(false);
  const line = (
    <>
      <span className="jp-datum-grow">{head}</span>
      <b>{figure}</b>
    </>
  );
  if (!rows.length) {
    return (
      <div>
        <div className="jp-datum-row jp-datum-unfolded">{line}</div>
        {children}
      </div>
    );
  }
  return (
    <div>
      <details onToggle={event => setOpen(event.currentTarget.open)}>
        <summary className="jp-datum-row">{line}</summary>
        {open ? children : null}
        <ol className="jp-datum-names">
          {rows.map((row, at) => (
            <li key={at}>
              <label>
                {pick?.(at)}
                <bdi>{oneLine(row)}</bdi>
              </label>
            </li>
          ))}
          {total > rows.length ? (
            <li className="jp-datum-muted">
              {trans.__('and %1 more', count(total - rows.length))}
            </li>
          ) : null}
        </ol>
      </details>
      {open ? null : children}
    </div>
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
