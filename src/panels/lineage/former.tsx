/** What became of a datum under other names, and of what it had made. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { language } from '../../language';
import type { IHistory, IVersion } from '../../tokens';
import { oneLine } from '../format';
import { useHost } from '../parts';

/** The names that a datum had before its file was renamed. */
export function Formerly(props: { history: IHistory }): JSX.Element | null {
  const { trans } = useHost();
  const { formerly = [] } = props.history;
  if (!formerly.length) {
    return null;
  }
  return (
    <p className="jp-datum-muted jp-datum-small" data-part="formerly">
      {formerly.map(([key, until], at) => (
        <React.Fragment key={at}>
          {at ? ' · ' : ''}
          {trans.__('until %1:', dayOf(until))} <bdi>{oneLine(key)}</bdi>
        </React.Fragment>
      ))}
    </p>
  );
}

/** What is to be said of a version besides what has changed. */
export function fateOf(trans: TranslationBundle, version: IVersion): string[] {
  const { restored, message, pruned } = version;
  return [
    restored ? trans.__('brought back') : '',
    pruned ? trans.__('outputs pruned %1', dayOf(pruned)) : '',
    message ? oneLine(message) : ''
  ].filter(Boolean);
}

/** Today at 13:59, or the day and the time; empty where it is not known. */
export function dayOf(at: number): string {
  if (!at) {
    return '';
  }
  const date = new Date(at * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const day = { day: 'numeric', month: 'short' } as const;
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' as const };
  return date.toLocaleString(language.locale, today ? time : { ...day, ...year, ...time });
}
