/** The columns of the table. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Glyph, Icon } from '../../icons';
import { count, datumName, figure as written, oneLine, span, stateWord } from '../../panels/format';
import { StateWord, useHost } from '../../panels/parts';
import { Commands } from '../../tokens';
import type { ITableRow, Metric, State } from '../../tokens';

/** One column. */
export interface IColumn {
  id: string;
  label: string;
  /** Whether the server sorts by it. */
  sorts: boolean;
  /** As `grid-template-columns` takes it, and its narrowest in pixels. */
  width: string;
  least: number;
  end?: boolean;
  cell(row: ITableRow): React.ReactNode;
}

/** Metrics that have a column unless they are told to. */
const METRICS = 3;

/**
 * All columns that there are for a run with these metrics. Beside another run, what differs comes
 * first: `compared` is its name, null where there is none.
 */
export function columnsOf(
  trans: TranslationBundle,
  metrics: readonly string[],
  compared: string | null
): IColumn[] {
  const figures = metrics.map(name => metric(trans, name, compared !== null));
  const [tries, took, worker] = outcomes(trans);
  const [error, files] = findings(trans);
  if (compared === null) {
    return [...places(trans), tries, took, worker, error, files, ...figures];
  }
  const [state, seconds] = others(trans, compared);
  return [...places(trans), state, took, seconds, ...figures, tries, worker, error, files];
}

/** The ids of the columns that are shown; `chosen` is what was chosen, empty for the usual. */
export function shownOf(all: readonly IColumn[], chosen: string): Set<string> {
  if (chosen) {
    return new Set([...chosen.split(','), 'pos', 'name', 'state']);
  }
  const metrics = all.filter(one => one.id.startsWith('m.')).slice(METRICS);
  const left = new Set(metrics.map(one => one.id));
  return new Set(all.map(one => one.id).filter(id => !left.has(id)));
}

function places(trans: TranslationBundle): IColumn[] {
  return [
    {
      id: 'pos',
      label: trans.__('index'),
      sorts: true,
      width: '72px',
      least: 72,
      end: true,
      cell: row => <span className="jp-datum-muted">{count(row.position + 1)}</span>
    },
    {
      id: 'name',
      label: trans.__('name'),
      sorts: true,
      width: 'minmax(168px, 2fr)',
      least: 168,
      cell: row => {
        const name = datumName(trans, row);
        return (
          <bdi className="jp-datum-mono" title={name}>
            {name}
          </bdi>
        );
      }
    },
    {
      id: 'state',
      label: trans.__('state'),
      sorts: true,
      width: '96px',
      least: 96,
      cell: row => <ShortState trans={trans} state={row.state} />
    }
  ];
}

function outcomes(trans: TranslationBundle): IColumn[] {
  return [
    {
      ...{ id: 'tries', label: trans.__('tries'), sorts: true, end: true },
      ...{ width: '44px', least: 44 },
      cell: row => (row.tries === null ? '' : count(row.tries))
    },
    {
      ...{ id: 'dur', label: trans.__('took'), sorts: true, end: true },
      ...{ width: '72px', least: 72 },
      cell: row => <Took row={row} trans={trans} />
    },
    {
      ...{ id: 'worker', label: trans.__('worker'), sorts: true },
      ...{ width: '80px', least: 80 },
      cell: row => <bdi>{oneLine(row.worker ?? '')}</bdi>
    }
  ];
}

/** What it came to in the other run. */
function others(trans: TranslationBundle, run: string): IColumn[] {
  return [
    {
      ...{ id: 'was', label: run, sorts: false, width: '104px', least: 104 },
      cell: ({ other }) =>
        other?.state ? <ShortState trans={trans} state={other.state} /> : trans.__('not there')
    },
    {
      ...{ id: 'before', label: trans.__('took, %1', run), sorts: false, end: true },
      ...{ width: '96px', least: 96 },
      cell: ({ other }) =>
        typeof other?.seconds === 'number' ? (
          <span className="jp-datum-muted">{span(other.seconds)}</span>
        ) : null
    }
  ];
}

function findings(trans: TranslationBundle): IColumn[] {
  return [
    {
      id: 'error',
      label: trans.__('error'),
      sorts: false,
      width: 'minmax(160px, 3fr)',
      least: 160,
      cell: row => (row.error ? <ErrorText {...row.error} /> : null)
    },
    {
      ...{ id: 'out', label: trans.__('files'), sorts: true, end: true },
      ...{ width: '56px', least: 56 },
      cell: row => <Files row={row} trans={trans} />
    }
  ];
}

function metric(trans: TranslationBundle, name: string, compared: boolean): IColumn {
  const shown = oneLine(name);
  return {
    ...{ id: `m.${name}`, label: shown, sorts: !name.includes('"'), end: true },
    ...{ width: compared ? 'minmax(132px, 1fr)' : 'minmax(84px, 1fr)', least: compared ? 132 : 84 },
    cell: row => {
      const value = row.metrics[name];
      const old = row.other?.metrics[name];
      return (
        <>
          {value === undefined ? '' : <bdi>{figure(value)}</bdi>}
          {compared && old !== undefined ? (
            <span className="jp-datum-muted"> {difference(value, old, trans)}</span>
          ) : null}
        </>
      );
    }
  };
}

/** A metric, in as many digits as tell something. */
export function figure(value: Metric): string {
  if (typeof value !== 'number') {
    return oneLine(String(value));
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e15) {
    return count(value);
  }
  const tiny = value !== 0 && Math.abs(value) < 1e-6;
  const notation = tiny || Math.abs(value) >= 1e15 ? 'scientific' : 'standard';
  return written(value, { maximumSignificantDigits: 4, useGrouping: false, notation });
}

function difference(value: Metric | undefined, old: Metric, trans: TranslationBundle): string {
  if (typeof value !== 'number' || typeof old !== 'number') {
    return trans.__('was %1', figure(old));
  }
  const change = value - old;
  return change === 0 ? '±0' : `${change > 0 ? '+' : '−'}${figure(Math.abs(change))}`;
}

/** In a table skipped is skipped: the whole word is its title. */
function ShortState(props: { trans: TranslationBundle; state: State }): JSX.Element {
  const { trans, state } = props;
  const word = stateWord(trans, state);
  return (
    <span title={word}>
      <StateWord state={state} word={state === 'skipped' ? trans.__('skipped') : word} />
    </span>
  );
}

/** What an earlier run found out is told as such. */
function Took(props: { row: ITableRow; trans: TranslationBundle }): JSX.Element | null {
  const { row, trans } = props;
  if (row.seconds === null) {
    return null;
  }
  return row.earlier ? (
    <span className="jp-datum-muted" title={trans.__('in an earlier run')}>
      {span(row.seconds)}
    </span>
  ) : (
    <>{span(row.seconds)}</>
  );
}

/** How many files it made; pressed, the first image of them, or the first, is opened. */
function Files(props: { row: ITableRow; trans: TranslationBundle }): JSX.Element | null {
  const { commands } = useHost();
  const { row, trans } = props;
  const { file, outputs } = row;
  if (!outputs || !file) {
    return outputs === null ? null : <>{count(outputs)}</>;
  }
  const title = trans.__('Open %1', oneLine(file.path.split('/').pop() ?? ''));
  return (
    <button
      className="jp-datum-link jp-datum-grid-file"
      tabIndex={-1}
      aria-label={`${count(outputs)}: ${title}`}
      title={title}
      onClick={event => {
        event.stopPropagation();
        void commands.execute(Commands.openFile, { path: file.path }).catch(() => undefined);
      }}
    >
      {count(outputs)}
      <Icon name={file.image ? 'image' : 'file'} />
    </button>
  );
}

function ErrorText(props: { type: string; message: string }): JSX.Element {
  const type = oneLine(props.type);
  const message = oneLine(props.message);
  return (
    <bdi title={`${type}: ${message}`}>
      <span className="jp-datum-mono">{type}</span> {message}
    </bdi>
  );
}

/** What is shown of a row that is not here yet: its state is known by its byte. */
export function Waiting(props: { state: State | null; column: string }): JSX.Element | null {
  return props.column === 'state' && props.state ? <Glyph state={props.state} /> : null;
}
