/** How long datums took, as columns on a logarithmic axis. */
import React from 'react';

import { count } from '../../panels/format';
import { useHost } from '../../panels/parts';
import type { IColumns, ITimes } from '../../tokens';
import { countScale, secondTicks, shortCount, shortSpan } from './scale';
import { useWidth } from './size';

const LEFT = 40;
const RIGHT = 8;
const TOP = 40;
const BOTTOM = 22;
/** Labels of lines that stand nearer than this are put below each other. */
const NEAR = 96;
/** Pixels that a letter of a label takes at most. */
const LETTER = 6.5;

/** The picture, and the same as a table for those who cannot see it. */
export function Histogram(props: {
  columns: IColumns;
  times: ITimes;
  height?: number;
}): JSX.Element {
  const { trans } = useHost();
  const { columns, times, height = 222 } = props;
  const [ref, width] = useWidth(720);
  const most = Math.max(...columns.counts);
  const scale = countScale(most, height - TOP - BOTTOM);
  const says = trans._n(
    '1 datum took %5',
    'Half of %2 datums took up to %3, 95% up to %4, the longest %5',
    times.datums,
    count(times.datums),
    shortSpan(times.p50),
    shortSpan(times.p95),
    shortSpan(times.longest)
  );
  return (
    <div className="jp-datum-chart" ref={ref}>
      <svg width={width} height={height} role="img" aria-label={says}>
        <Ground width={width} height={height} scale={scale} />
        <Columns width={width} height={height} columns={columns} scale={scale} />
        <Axis width={width} height={height} columns={columns} />
        <Lines width={width} height={height} columns={columns} times={times} />
      </svg>
      <ColumnTable columns={columns} />
    </div>
  );
}

interface IFrame {
  width: number;
  height: number;
}

type Scale = ReturnType<typeof countScale>;

function Ground(props: IFrame & { scale: Scale }): JSX.Element {
  const { width, height, scale } = props;
  const ground = height - BOTTOM;
  return (
    <g className="jp-datum-chart-ground">
      {scale.ticks.map(({ at, value }) => (
        <React.Fragment key={value}>
          <line x1={LEFT} x2={width - RIGHT} y1={ground - at} y2={ground - at} />
          <text x={LEFT - 8} y={ground - at + 4} textAnchor="end">
            {shortCount(value)}
          </text>
        </React.Fragment>
      ))}
      <line className="jp-datum-chart-base" x1={LEFT} x2={width - RIGHT} y1={ground} y2={ground} />
    </g>
  );
}

function Columns(props: IFrame & { columns: IColumns; scale: Scale }): JSX.Element {
  const { width, height, columns, scale } = props;
  const { trans } = useHost();
  const each = (width - LEFT - RIGHT) / columns.counts.length;
  const bar = (kind: string, n: number, at: number) => {
    const tall = Math.max(2, scale.height(n));
    return (
      <rect
        data-state={kind}
        x={LEFT + at * each + 0.5}
        y={height - BOTTOM - tall}
        width={Math.max(1, each - 1)}
        height={tall}
      />
    );
  };
  return (
    <g className="jp-datum-chart-columns">
      {columns.counts.map((n, at) =>
        n ? (
          <g key={at}>
            <title>{columnText(columns, at, trans)}</title>
            {bar('plain', n, at)}
            {columns.failed[at] ? bar('failed', columns.failed[at], at) : null}
          </g>
        ) : null
      )}
    </g>
  );
}

function columnText(
  columns: IColumns,
  at: number,
  trans: ReturnType<typeof useHost>['trans']
): string {
  const [from, to] = between(columns, at);
  const words = [
    trans.__('%1 to %2', shortSpan(from), shortSpan(to)),
    trans._n('1 datum', '%2 datums', columns.counts[at], count(columns.counts[at]))
  ];
  if (columns.failed[at]) {
    words.push(trans.__('%1 failed', count(columns.failed[at])));
  }
  return words.join(', ');
}

/** The seconds where a column begins and ends. */
export function between(columns: IColumns, at: number): [number, number] {
  const { low, width } = columns;
  return [10 ** (low + at * width), 10 ** (low + (at + 1) * width)];
}

/** Where a number of seconds lies. */
function placeOf(columns: IColumns, width: number, seconds: number): number {
  const share = (Math.log10(seconds) - columns.low) / (columns.width * columns.counts.length);
  return LEFT + Math.min(1, Math.max(0, share)) * (width - LEFT - RIGHT);
}

function Axis(props: IFrame & { columns: IColumns }): JSX.Element {
  const { width, height, columns } = props;
  const high = columns.low + columns.width * columns.counts.length;
  let before = -Infinity;
  return (
    <g className="jp-datum-chart-axis">
      {secondTicks(columns.low, high).map(seconds => {
        const x = placeOf(columns, width, seconds);
        const anchor = x > width - 30 ? 'end' : x < LEFT + 12 ? 'start' : 'middle';
        // No name reaches into the one before it.
        const half = (LETTER * shortSpan(seconds).length) / 2;
        const middle = anchor === 'end' ? x - half : anchor === 'start' ? x + half : x;
        if (middle - half < before + LETTER) {
          return null;
        }
        before = middle + half;
        return (
          <text key={seconds} x={x} y={height - 6} textAnchor={anchor}>
            {shortSpan(seconds)}
          </text>
        );
      })}
    </g>
  );
}

function Lines(props: IFrame & { columns: IColumns; times: ITimes }): JSX.Element {
  const { trans } = useHost();
  const { width, height, columns, times } = props;
  const marks = distinct([
    [trans.__('p50'), times.p50],
    [trans.__('p95'), times.p95],
    [trans.__('max'), times.longest]
  ]);
  let row = 0;
  let before = -Infinity;
  return (
    <g className="jp-datum-chart-lines">
      {marks.map(([word, seconds], i) => {
        const x = placeOf(columns, width, seconds);
        const label = `${word} ${shortSpan(seconds)}`;
        // One at the right end has its label on its left, where that of the one before may be.
        const end = x > width - Math.max(NEAR, LETTER * label.length);
        row = x - before < (end ? 2 * NEAR : NEAR) ? row + 1 : 0;
        before = x;
        const y = 10 + (row % 3) * 13;
        return (
          <React.Fragment key={i}>
            <line x1={x} x2={x} y1={y - 8} y2={height - BOTTOM} />
            <text x={x + (end ? -5 : 5)} y={y} textAnchor={end ? 'end' : 'start'}>
              {label}
            </text>
          </React.Fragment>
        );
      })}
    </g>
  );
}

/** Of few datums one may be all of these: then one line has all their names. */
function distinct(marks: [string, number][]): [string, number][] {
  const found = new Map<string, [string, number]>();
  for (const [word, seconds] of marks) {
    const before = found.get(shortSpan(seconds));
    found.set(shortSpan(seconds), [before ? `${before[0]}, ${word}` : word, seconds]);
  }
  return [...found.values()];
}

function ColumnTable(props: { columns: IColumns }): JSX.Element {
  const { trans } = useHost();
  const { columns } = props;
  return (
    <table className="jp-datum-hidden">
      <caption>{trans.__('How many datums took how long')}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('from')}</th>
          <th scope="col">{trans.__('to')}</th>
          <th scope="col">{trans.__('datums')}</th>
          <th scope="col">{trans.__('failed')}</th>
        </tr>
      </thead>
      <tbody>
        {columns.counts.map((n, at) =>
          n ? (
            <tr key={at}>
              <td>{shortSpan(between(columns, at)[0])}</td>
              <td>{shortSpan(between(columns, at)[1])}</td>
              <td>{count(n)}</td>
              <td>{count(columns.failed[at])}</td>
            </tr>
          ) : null
        )}
      </tbody>
    </table>
  );
}
