/** A badge on each transform cell: what its latest run has come to. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';
import { PanelLayout } from '@lumino/widgets';
import React from 'react';

import type { CellCounts } from '../models/cellcounts';
import type { ICountable } from '../models/counts';
import type { NotebookModel } from '../models/notebook';
import type { IRow } from '../models/rows';
import { dueWords } from '../panels/due';
import type { IDue } from '../panels/due';
import { count, oneLine, progress, statusState, standing } from '../panels/format';
import { doneOf, FailedWord, HostContext, StateWord, Told, useHost } from '../panels/parts';
import type { IHost } from '../panels/parts';
import { Commands, ENDED } from '../tokens';
import type { ICount, IPicked, IRun } from '../tokens';
import type { OpenNotebook } from './opennotebook';

/** The badge of one cell. */
export class Badge extends ReactWidget {
  constructor(private readonly _host: IHost) {
    super();
    this.addClass('jp-datum-badge');
  }

  /** Show this. */
  tell(shown: IShown): void {
    this._shown = shown;
    this.update();
  }

  protected render(): JSX.Element | null {
    return this._shown ? (
      <HostContext.Provider value={this._host}>
        <BadgeView {...this._shown} />
      </HostContext.Provider>
    ) : null;
  }

  private _shown: IShown | null = null;
}

/** What a badge tells. */
export interface IShown {
  name: string;
  /** The latest run; null: it has not run. */
  run: IRun | null;
  /** Whether the cell is another than that run recorded. */
  edited: boolean;
  /** What is due of it, as far as runs tell. */
  due?: IDue | null;
  /** Whether it takes what a transform makes that runs at the same time. */
  streams: boolean;
  /** The datum that is bound in the kernel. */
  picked: string | null;
  /** Nothing can be known of runs: that there is none is not said. */
  unreadable?: boolean;
  /** How many datums it has, if it has not run and that is known. */
  count?: ICount | null;
}

/** The words of a badge: how its run stands, and what it is not about. */
export function BadgeView(props: IShown): JSX.Element {
  const { trans, commands } = useHost();
  const { name, run, edited, due, streams, picked, unreadable, count: told } = props;
  const go = (event: React.MouseEvent) => {
    const whole = event.shiftKey || event.metaKey || event.ctrlKey;
    const command = whole && run ? Commands.openRun : Commands.openPanel;
    void commands.execute(command, { name, ...(run ? { run: run.uuid } : {}) }).catch(() => null);
  };
  const title = run
    ? trans.__('Show run %1 of %2 in the panel; with Shift: as a document', run.id, name)
    : trans.__('Show %1 in the panel', name);
  return (
    <button className="jp-datum-badge-button" title={title} onClick={go}>
      {picked === null ? null : (
        <span className="jp-datum-badge-picked" title={trans.__('What datum is in the kernel')}>
          <bdi>{`datum = ${oneLine(picked)}`}</bdi>
        </span>
      )}
      {run ? <RunWords run={run} /> : unreadable ? <span>{name}</span> : <NotRun />}
      {run ? null : <Told told={told ?? null} />}
      {edited ? <span className="jp-datum-badge-edited">{trans.__('edited since')}</span> : null}
      {due && !edited ? (
        <span className="jp-datum-badge-edited" title={due.title}>
          {due.word}
        </span>
      ) : null}
      {streams ? <span className="jp-datum-muted">{trans.__('streams')}</span> : null}
      {run ? <span className="jp-datum-muted">{trans.__('run %1', run.id)}</span> : null}
    </button>
  );
}

function NotRun(): JSX.Element {
  const { trans } = useHost();
  return <StateWord state="pending" word={trans.__('not run yet')} />;
}

function RunWords(props: { run: IRun }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  const live = !ENDED.has(run.status);
  const done = doneOf(run, run.total);
  const whole = run.status === 'success' ? count(run.total) : standing(trans, run);
  const word = live ? progress(run, done, run.total) : whole;
  return (
    <>
      {live || !run.failed ? <StateWord state={statusState(run.status)} word={word} /> : null}
      {run.failed ? <FailedWord counts={run} /> : null}
    </>
  );
}

/** Letters of a last line that may reach below the badge. */
const LONG = 48;

/** The badges of an open notebook; they stay with their cells when cells move. */
export class Badges {
  constructor(
    private readonly _open: OpenNotebook,
    private readonly _model: NotebookModel,
    private readonly _host: IHost,
    private readonly _counts: CellCounts
  ) {
    _model.changed.connect(this._update, this);
    _model.figures.connect(this._update, this);
    _counts.changed.connect(this._update, this);
    this._update();
  }

  dispose(): void {
    this._disposed = true;
    Signal.disconnectReceiver(this);
    this._counts.dispose();
    this._badges.forEach(badge => badge.dispose());
    this._badges.clear();
  }

  /** Tell which datums were picked: id of a cell -> what is bound. */
  showPicked(picked: ReadonlyMap<string, IPicked>): void {
    this._picked = picked;
    this._update();
  }

  private _update(): void {
    const rows = new Map<string, IRow>();
    for (const row of this._model.rows) {
      if (row.cell) {
        rows.set(row.cell, row);
      }
    }
    const fresh = new Map<string, ICountable>();
    for (const cell of this._open.panel.content.widgets) {
      const row = rows.get(cell.model.id) ?? null;
      this._put(cell, row);
      const counts = row && !row.run && cell.inViewport && !this._model.unreadable;
      const what = counts ? this._open.countable(cell.model.id) : null;
      if (what) {
        fresh.set(cell.model.id, what);
      }
    }
    this._counts.want(fresh);
    void this._compare([...rows.values()].filter(row => row.run));
  }

  private _put(cell: Cell, row: IRow | null): void {
    let badge = this._badges.get(cell) ?? null;
    if (!row || (!row.run && this._model.unreadable)) {
      badge?.dispose();
      this._badges.delete(cell);
      return;
    }
    if (!badge || badge.isDisposed) {
      badge = this._add(cell);
    }
    // In a cell of one line the cell's toolbar stands where the badge would.
    const source = cell.model.sharedModel.getSource();
    const last = source.slice(source.lastIndexOf('\n') + 1);
    badge.node.toggleAttribute('data-low', last === source);
    badge.node.toggleAttribute('data-long', last !== source && last.length > LONG);
    badge.node.toggleAttribute('data-fresh', !row.run && !this._picked.has(cell.model.id));
    badge.tell(this._shown(cell.model.id, row));
  }

  private _shown(id: string, row: IRow): IShown {
    const { name, run } = row;
    const feeds = this._model.rows.some(
      other => row.needs.includes(other.name) && other.run && !ENDED.has(other.run.status)
    );
    const streams = feeds && run !== null && !ENDED.has(run.status);
    const picked = this._picked.get(id);
    const mine = picked?.name === name ? picked.datum : null;
    const count = run ? null : this._counts.of(id);
    const { unreadable } = this._model;
    const edited = this._edited.has(id);
    const due = dueWords(this._host.trans, row, this._model.rows);
    return { name, run, edited, due, streams, picked: mine, unreadable, count };
  }

  /** Which cells are others than their runs recorded; a run's cell is asked for once. */
  private async _compare(rows: readonly IRow[]): Promise<void> {
    const edited = new Set<string>();
    const cells = new Map(this._model.notebook.cells().map(one => [one.id, one.source]));
    for (const { cell, run } of rows) {
      const source = cells.get(cell ?? '');
      const known = run && source !== undefined;
      if (known && (await this._model.isEdited(source, run).catch(() => false))) {
        edited.add(cell!);
      }
    }
    const same = edited.size === this._edited.size && [...edited].every(id => this._edited.has(id));
    if (!same && !this._disposed && !this._open.panel.isDisposed) {
      this._edited = edited;
      this._update();
    }
  }

  private _add(cell: Cell): Badge {
    const badge = new Badge(this._host);
    this._badges.set(cell, badge);
    cell.disposed.connect(() => this._badges.delete(cell));
    cell.inViewportChanged.connect(this._update, this);
    // A cell out of sight has no parts yet: between which the badge would stand is known later.
    void cell.ready.then(
      () => place(cell, badge),
      () => undefined
    );
    return badge;
  }

  private _disposed = false;
  private readonly _badges = new Map<Cell, Badge>();
  private _edited: ReadonlySet<string> = new Set();
  private _picked: ReadonlyMap<string, IPicked> = new Map();
}

/** Between input and output: it is laid over the end of the input, and hides no line of it. */
function place(cell: Cell, badge: Badge): void {
  const { layout } = cell;
  if (badge.isDisposed || cell.isDisposed || !(layout instanceof PanelLayout)) {
    return;
  }
  const wrapper = layout.widgets.findIndex(one => one.hasClass('jp-Cell-outputWrapper'));
  layout.insertWidget(wrapper < 0 ? layout.widgets.length : wrapper, badge);
}
