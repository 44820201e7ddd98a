/** The line in the status bar: how far the shown run is, and what has failed. */
import { ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import type { PanelModel } from '../models/panel';
import type { RunModel } from '../models/run';
import { Commands, ENDED } from '../tokens';
import { clock, progress, statusState, standing } from './format';
import {
  byState,
  doneOf,
  FailedWord,
  HostContext,
  StateWord,
  useHost,
  useRead,
  useSignals
} from './parts';
import type { IHost } from './parts';

/** The widget in the status bar. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly _host: IHost,
    private readonly _panel: PanelModel
  ) {
    super();
    this.addClass('jp-datum-status');
  }

  protected render(): JSX.Element {
    return (
      <HostContext.Provider value={this._host}>
        <StatusView panel={this._panel} />
      </HostContext.Provider>
    );
  }
}

function StatusView(props: { panel: PanelModel }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { panel } = props;
  useSignals(panel.changed);
  const lost = useRead(() => panel.runs.connection === 'lost', panel.runs.changed);
  if (!panel.run) {
    return null;
  }
  return (
    <button
      className="jp-datum-status-button"
      data-lost={lost}
      title={trans.__('Show the panel of datums')}
      onClick={() => void commands.execute(Commands.openPanel)}
    >
      <StatusWords run={panel.run} lost={lost} />
    </button>
  );
}

function StatusWords(props: { run: RunModel; lost: boolean }): JSX.Element | null {
  const { trans } = useHost();
  const { run, lost } = props;
  useSignals(run.changed);
  const { counts, total } = run;
  if (!counts) {
    return null;
  }
  const parts = byState(counts, total);
  const live = !ENDED.has(counts.status);
  const done = doneOf(parts, total);
  if (!live && parts.failed) {
    return <FailedWord counts={counts} word={failed => trans.__('Datums: %1', failed)} />;
  }
  const far = live ? progress(counts, done, total) : standing(trans, counts);
  return (
    <>
      <StateWord state={statusState(counts.status)} word={trans.__('Datums: %1', far)} />
      {parts.failed ? (
        <>
          {' · '}
          <FailedWord counts={counts} />
        </>
      ) : null}
      {lost
        ? ` · ${trans.__('no connection')}`
        : run.eta
          ? ` · ${trans.__('left %1', clock(run.eta[0]))}`
          : null}
    </>
  );
}
