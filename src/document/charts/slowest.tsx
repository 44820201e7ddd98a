/** The datums that took longest, those at work among them. */
import React from 'react';

import { Glyph } from '../../icons';
import { datumName, oneLine, stateWord } from '../../panels/format';
import { useHost } from '../../panels/parts';
import { Commands } from '../../tokens';
import type { ITiming, State } from '../../tokens';

import { shortSpan } from './scale';

/** Rows at most. */
const SHOWN = 20;

interface IRow {
  position: number;
  key: string | null;
  state: State;
  seconds: number;
  worker: string;
}

/** Those that have ended and those at work, the longest first; `later` seconds have passed. */
export function longest(timing: ITiming, later: number): IRow[] {
  const running: IRow[] = timing.running.map(one => ({
    ...one,
    state: 'running',
    seconds: one.seconds + later
  }));
  return [...running, ...timing.slowest]
    .sort((one, two) => two.seconds - one.seconds)
    .slice(0, SHOWN);
}

/** The table. */
export function SlowestTable(props: {
  project: string;
  run: string;
  timing: ITiming;
  later: number;
}): JSX.Element {
  const { trans } = useHost();
  const { project, run, timing, later } = props;
  const rows = longest(timing, later);
  const most = rows[0]?.seconds || 1;
  return (
    <table className="jp-datum-slowest-table" aria-label={trans.__('Slowest datums')}>
      <colgroup>
        <col />
        <col />
        <col />
        <col />
        <col />
      </colgroup>
      <thead className="jp-datum-hidden">
        <tr>
          <th scope="col">{trans.__('state')}</th>
          <th scope="col">{trans.__('datum')}</th>
          <th scope="col">{trans.__('share of the longest')}</th>
          <th scope="col">{trans.__('took')}</th>
          <th scope="col">{trans.__('worker')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.position}>
            <td>
              <Glyph state={row.state} label={stateWord(trans, row.state)} />
            </td>
            <td className="jp-datum-slowest-name">
              <DatumLink project={project} run={run} row={row} />
            </td>
            <td className="jp-datum-slowest-meter" aria-hidden="true">
              <i style={{ width: `${Math.max(2, (row.seconds / most) * 100)}%` }} />
            </td>
            <td className="jp-datum-right">{shortSpan(row.seconds)}</td>
            <td className="jp-datum-right jp-datum-muted jp-datum-cut">{oneLine(row.worker)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function DatumLink(props: {
  project: string;
  run: string;
  row: Pick<IRow, 'key' | 'position'>;
}): JSX.Element {
  const { trans, commands } = useHost();
  const { project, run, row } = props;
  const name = datumName(trans, row);
  const open = () =>
    void commands
      .execute(Commands.openDatum, { project, run, position: row.position })
      .catch(() => undefined);
  return (
    <button className="jp-datum-name-link" title={trans.__('Open %1', name)} onClick={open}>
      <span className="jp-datum-cut-start">
        <bdi>{name}</bdi>
      </span>
    </button>
  );
}
