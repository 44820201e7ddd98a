/** Below the rows: what is selected and what can be done with it, and which rows are in view. */
import React from 'react';

import type { TableModel } from '../../models/table';
import { count } from '../../panels/format';
import { useHost } from '../../panels/parts';
import { RetrySome } from '../../panels/retry';
import { stillBusy, whyNot } from '../../panels/why';
import { Commands } from '../../tokens';

/** The line below the rows. */
export function SelectionBar(props: {
  model: TableModel;
  view: readonly [number, number];
  told: string | null;
}): JSX.Element {
  const { trans } = useHost();
  const { model, view, told } = props;
  const rows = model.matches ?? 0;
  const chosen = model.chosen !== null;
  return (
    <div className="jp-datum-grid-bar">
      <span role="status">
        {told ?? (chosen ? trans.__('%1 selected', count(model.selectedCount)) : null)}
      </span>
      <Retry model={model} />
      {rows && !model.all ? (
        <button className="jp-datum-link" onClick={() => model.selectAll()}>
          {trans.__('Select all %1', count(rows))}
        </button>
      ) : null}
      {model.selectedCount ? (
        <button className="jp-datum-link" onClick={() => model.selectNone()}>
          {trans.__('Select none')}
        </button>
      ) : null}
      <span className="jp-datum-grow jp-datum-muted jp-datum-cut jp-datum-grid-keys">
        {rows && !chosen ? trans.__('Enter opens · Space selects · / filters · C copies') : ''}
      </span>
      <span className="jp-datum-muted jp-datum-nowrap">
        {rows ? trans.__('rows %1 to %2 of %3', count(view[0]), count(view[1]), count(rows)) : ''}
      </span>
    </div>
  );
}

function Retry(props: { model: TableModel }): JSX.Element | null {
  const { trans } = useHost();
  const { model } = props;
  const { run, chosen, again } = model;
  if (!chosen) {
    return null;
  }
  const none = again === 0 ? trans.__('nothing of it has failed') : null;
  return (
    <RetrySome
      project={run.project}
      run={run.uuid}
      command={Commands.retrySelection}
      args={argsOf(model) ?? {}}
      many={again}
      busy={stillBusy(trans, run) ?? none}
      why={whyNot(trans, run)}
      onPress={() => model.selectNone()}
    />
  );
}

/** What the command is told of the selection; null if nothing is selected. */
export function argsOf(model: TableModel): Record<string, any> | null {
  const { chosen, run } = model;
  if (!chosen) {
    return null;
  }
  const of = { project: run.project, run: run.uuid };
  return 'filter' in chosen
    ? { ...of, filter: chosen.filter }
    : { ...of, ranges: chosen.positions.map(([first, last]) => [first, last]) };
}
