/** A badge on each transform cell: what its latest run has come to. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { PanelLayout } from '@lumino/widgets';
import React from 'react';

import type { PanelModel } from '../models/panel';
import { count, percent, statusState, statusWord } from '../panels/format';
import { doneOf, HostContext, StateWord, useHost } from '../panels/parts';
import type { IHost } from '../panels/parts';
import { Commands, ENDED } from '../tokens';
import type { IRun } from '../tokens';

/** The badge of one cell. */
export class Badge extends ReactWidget {
  constructor(private readonly _host: IHost) {
    super();
    this.addClass('jp-datum-badge');
  }

  /** Show this run. */
  showRun(run: IRun): void {
    this._run = run;
    this.update();
  }

  protected render(): JSX.Element | null {
    return this._run ? (
      <HostContext.Provider value={this._host}>
        <BadgeView run={this._run} />
      </HostContext.Provider>
    ) : null;
  }

  private _run: IRun | null = null;
}

function BadgeView(props: { run: IRun }): JSX.Element {
  const { trans, commands } = useHost();
  const { run } = props;
  const live = !ENDED.has(run.status);
  const done = doneOf(run, run.total);
  const failed = run.failed ? trans.__('%1 failed', count(run.failed)) : null;
  const far = live ? percent(done, run.total) : statusWord(trans, run.status);
  return (
    <button
      className="jp-datum-badge-button"
      title={trans.__('Show run %1 of %2', run.id, run.name)}
      onClick={() =>
        void commands.execute(Commands.openPanel, { name: run.name }).catch(() => undefined)
      }
    >
      {live || !failed ? <StateWord state={statusState(run.status)} word={far} /> : null}
      {failed ? <StateWord state="failed" word={failed} /> : null}
      <span className="jp-datum-muted">{trans.__('run %1', run.id)}</span>
    </button>
  );
}

/** The badges of the notebook in front; they stay with their cells when cells move. */
export class Badges {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _model: PanelModel,
    private readonly _host: IHost
  ) {
    _model.changed.connect(this._update, this);
    _panel.disposed.connect(() => this.dispose());
    this._update();
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    this._badges.forEach(badge => badge.dispose());
    this._badges.clear();
  }

  private _update(): void {
    const runs = new Map<string, IRun>();
    for (const { cell, run } of this._model.rows) {
      if (cell && run) {
        runs.set(cell, run);
      }
    }
    for (const cell of this._panel.content.widgets) {
      this._put(cell, runs.get(cell.model.id) ?? null);
    }
  }

  private _put(cell: Cell, run: IRun | null): void {
    let badge = this._badges.get(cell) ?? null;
    if (!run) {
      badge?.dispose();
      this._badges.delete(cell);
      return;
    }
    if (!badge || badge.isDisposed) {
      badge = this._add(cell);
    }
    badge?.showRun(run);
  }

  private _add(cell: Cell): Badge | null {
    const { layout } = cell;
    if (!(layout instanceof PanelLayout)) {
      return null;
    }
    const badge = new Badge(this._host);
    // Between input and output: it is laid over the end of the input, and hides no line of it.
    const wrapper = layout.widgets.findIndex(one => one.hasClass('jp-Cell-outputWrapper'));
    layout.insertWidget(wrapper < 0 ? layout.widgets.length : wrapper, badge);
    this._badges.set(cell, badge);
    cell.disposed.connect(() => this._badges.delete(cell));
    return badge;
  }

  private readonly _badges = new Map<Cell, Badge>();
}
