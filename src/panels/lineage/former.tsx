/** What became of a datum under other names, and of what it had made. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IHistory, IVersion } from '../../tokens';
import { oneLine } from '../format';
import { useHost } from '../parts';
import { dayTime } from '../when';

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
          {trans.__('until %1:', dayTime(until))} <bdi>{oneLine(key)}</bdi>
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
    pruned ? trans.__('outputs pruned %1', dayTime(pruned)) : '',
    message ? oneLine(message) : ''
  ].filter(Boolean);
}
