/** The transforms of the notebook, each below those that feed it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Glyph, Icon } from '../icons';
import { alarms } from '../models/alarms';
import type { FreshCounts } from '../models/freshcounts';
import type { PanelModel } from '../models/panel';
import type { PlansModel } from '../models/plans';
import { inOrder, isPipeline, live, waitsFor } from '../models/pipeline';
import type { IRow } from '../models/rows';
import { pending } from '../models/run';
import type { RunModel } from '../models/run';
import { Commands, ENDED } from '../tokens';
import type { ICount, IRun } from '../tokens';
import { dueWords } from './due';
import type { IDue } from './due';
import { count, failedWord, noAlarm, oneLine, progress, statusState, standing } from './format';
import { Bar, CommandButton, doneOf, Told, useHost, useSignals } from './parts';
import { foreignWords } from './why';

/** Steps that are indented: what lies deeper has its place in words. */
const DEEPEST = 4;

/** One row a transform. */
export function TransformsView(props: {
  panel: PanelModel;
  plans: PlansModel;
  fresh: FreshCounts;
}): JSX.Element {
  const { trans } = useHost();
  const { panel, plans, fresh } = props;
  useSignals(panel.figures, plans.changed, fresh.changed);
  const list = React.useRef<HTMLDivElement>(null);
  const chained = isPipeline(panel.rows);
  const longest = Math.max(0, ...panel.rows.map(({ run }) => (run ? told(trans, run).length : 0)));
  React.useLayoutEffect(() => reveal(list.current), [panel.selected, panel.rows.length]);
  return (
    <div
      className="jp-datum-transforms"
      style={{ '--jp-datum-told': longest } as React.CSSProperties}
      role="listbox"
      aria-label={trans.__('Transforms')}
      data-chained={chained}
      ref={list}
      onKeyDown={event => move(event, list.current)}
    >
      {inOrder(panel.rows).map(({ row, depth }) => (
        <TransformRow
          key={row.name}
          row={row}
          panel={panel}
          depth={chained ? depth : null}
          would={plans.would(row.name)}
          told={fresh.of(row)}
        />
      ))}
    </div>
  );
}

/** The chosen row may have been chosen elsewhere; the panel around the list stays where it is. */
function reveal(list: HTMLElement | null): void {
  const row = list?.querySelector<HTMLElement>('[aria-selected=true]');
  if (list && row) {
    const end = row.offsetTop + row.offsetHeight;
    list.scrollTop = Math.max(end - list.clientHeight, Math.min(list.scrollTop, row.offsetTop));
  }
}

/** Arrows, Home and End go through the rows, and choose as they go. */
function move(event: React.KeyboardEvent, list: HTMLElement | null): void {
  const rows = [...(list?.querySelectorAll<HTMLElement>('[role=option]') ?? [])];
  const at = rows.indexOf(event.target as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at >= 0 && to !== undefined && rows[to]) {
    event.preventDefault();
    rows[to].focus();
    rows[to].click();
  }
}

/** What runs, or stops, all of them. */
export function AllButton(props: { panel: PanelModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel } = props;
  useSignals(panel.changed, panel.asked.changed);
  const { notebook, rows, unreadable } = panel;
  const here = rows.filter(row => row.cell !== null);
  if (here.length < 2 || unreadable || !notebook || notebook.far) {
    return null;
  }
  const going = live(here).length;
  if (going) {
    return (
      <CommandButton
        command={Commands.stopAll}
        icon="stop"
        label={trans.__('Stop all')}
        title={trans._n('Stops the run that goes on', 'Stops the %1 runs that go on', going)}
      />
    );
  }
  return (
    <CommandButton
      command={Commands.runAll}
      icon="play"
      why={
        panel.foreign
          ? foreignWords(trans)
          : here.some(row => panel.asked.waits(row.name))
            ? trans.__('It was asked for; the runner begins in a moment')
            : null
      }
      label={trans.__('Run all')}
      title={trans.__('Runs what is due of all transforms of this notebook, under one id')}
    />
  );
}

function TransformRow(props: {
  row: IRow;
  panel: PanelModel;
  depth: number | null;
  /** Datums that would run, by the last plan. */
  would: number | null;
  /** How many datums it has, if it has never run. */
  told: ICount | null;
}): JSX.Element {
  const { trans, commands } = useHost();
  const { row, panel, depth, would, told } = props;
  const selected = row.name === panel.selected;
  const run = useLatest(row.run, selected ? panel.run : null);
  const tag = stale(trans, { row, rows: panel.rows }, selected ? panel.edited : null, would);
  const status = run
    ? standing(trans, run)
    : panel.unreadable
      ? trans.__('not known')
      : trans.__('has not run');
  return (
    <button
      className="jp-datum-transform"
      data-datum-name={row.name}
      role="option"
      aria-selected={selected}
      data-tagged={tag ? true : undefined}
      tabIndex={selected ? 0 : -1}
      title={`${row.name}: ${status}`}
      onClick={() => panel.select(row.name)}
      onDoubleClick={() =>
        void commands.execute(Commands.showCell, { name: row.name }).catch(() => undefined)
      }
    >
      <span
        className="jp-datum-step"
        style={{ paddingLeft: 12 * Math.min(DEEPEST, Math.max(0, (depth ?? 0) - 1)) }}
      >
        {depth ? <Icon name="below" /> : null}
        <span className={run && noAlarm(run) ? 'jp-datum-no-alarm' : undefined}>
          <Glyph state={run ? statusState(run.status) : 'pending'} label={status} />
        </span>
      </span>
      <span className="jp-datum-cut" data-elsewhere={row.cell === null}>
        {oneLine(row.name)}
      </span>
      {run ? (
        <>
          {tag ?? <Bar counts={run} total={run.total} thin />}
          <span className="jp-datum-right">
            <RowFigure run={run} />
          </span>
        </>
      ) : (
        <span className="jp-datum-never jp-datum-cut">
          <Told told={told} /> {panel.unreadable || told?.mistake ? '' : trans.__('not run')}
        </span>
      )}
      {depth === null ? null : <RowLine row={row} rows={panel.rows} />}
    </button>
  );
}

/** That there is something to run of it: in the place of its bar. */
function stale(
  trans: ReturnType<typeof useHost>['trans'],
  { row, rows }: { row: IRow; rows: readonly IRow[] },
  edited: boolean | null,
  would: number | null
): JSX.Element | null {
  if (!row.run || !ENDED.has(row.run.status)) {
    return null;
  }
  const due = would
    ? toRun(trans, would)
    : (edited ?? row.changed)
      ? {
          word: trans.__('code changed'),
          title: trans.__('The cell is another than the one that ran last')
        }
      : would === null && dueWords(trans, row, rows);
  return due ? (
    <span className="jp-datum-row-tag" data-kind="stale" title={due.title}>
      {due.word}
    </span>
  ) : null;
}

function toRun(trans: TranslationBundle, would: number): IDue {
  const title = trans._n('1 datum would run', '%2 datums would run', would, count(would));
  return { word: trans.__('%1 to run', count(would)), title };
}

/** What feeds a transform, what it runs on, and what it waits for. */
function RowLine(props: { row: IRow; rows: readonly IRow[] }): JSX.Element {
  const { trans } = useHost();
  const { row, rows } = props;
  const waits = waitsFor(row, rows);
  const words = [
    row.needs.length ? trans.__('from %1', row.needs.map(oneLine).join(', ')) : '',
    row.run ? oneLine(row.run.engine) : '',
    waits.length ? trans.__('waits for %1', waits.map(oneLine).join(', ')) : ''
  ];
  return (
    <span className="jp-datum-row-line jp-datum-muted jp-datum-small">
      {words.filter(Boolean).join(' · ')}
    </span>
  );
}

/** The figures of a run as the list has them; of the one that is followed, as they stand beside. */
function useLatest(listed: IRun | null, followed: RunModel | null): IRun | null {
  useSignals(followed?.changed);
  if (listed?.uuid !== followed?.uuid || !listed || !followed?.counts) {
    return listed;
  }
  const { counts, total } = followed;
  return { ...listed, ...counts, total, pending: pending(counts, total) };
}

function RowFigure(props: { run: IRun }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  if (!ENDED.has(run.status) || (run.cancelled && !run.failed)) {
    return <>{progress(run, doneOf(run, run.total), run.total)}</>;
  }
  return (
    <span
      className={run.failed && alarms(run) ? 'jp-datum-bad' : 'jp-datum-muted'}
      title={run.failed ? failedWord(trans, run) : undefined}
    >
      {told(trans, run)}
    </span>
  );
}

/** What a run came to. There is room for one figure: the alarm, else that there is none. */
function told(trans: TranslationBundle, run: IRun): string {
  if (!run.failed) {
    return count(run.total);
  }
  const bad = alarms(run);
  return bad ? trans.__('%1 failed', count(bad)) : trans.__('%1 expected', count(run.failed));
}
