/** What runs the selected transform, and with what: no kernel is needed if it has run before. */
import React from 'react';

import type { IOnce } from '../models/cells';
import type { PanelModel } from '../models/panel';
import type { IRow } from '../models/rows';
import { Commands, ENDED } from '../tokens';
import { oneLine } from './format';
import { CommandButton, Note, useHost, useSignals } from './parts';

const ENGINES = ['serial', 'joblib', 'dask', 'ipyparallel'] as const;

/** The button, its settings, and what became of the last run that was asked for. */
export function RunWith(props: { panel: PanelModel }): JSX.Element | null {
  const { panel } = props;
  useSignals(panel.changed, panel.asked.changed);
  const { row, way, unreadable } = panel;
  return row && way && !unreadable ? <RunRow key={row.name} panel={panel} row={row} /> : null;
}

function RunRow(props: { panel: PanelModel; row: IRow }): JSX.Element {
  const { trans } = useHost();
  const { panel, row } = props;
  const [once, setOnce] = React.useState<IOnce>({});
  const [open, setOpen] = React.useState(false);
  const id = React.useId();
  const words = useWords(panel, row);
  const refused = panel.asked.refused(row.name);
  return (
    <div className="jp-datum-run-with">
      <div className="jp-datum-row">
        <CommandButton
          command={Commands.run}
          args={{ name: row.name, ...given(once) }}
          icon="play"
          kind={row.run ? undefined : 'main'}
          {...words}
        />
        <CommandButton
          command={Commands.plan}
          args={{ name: row.name }}
          label={trans.__('Plan')}
          title={trans.__('Says what would run and why; nothing runs')}
        />
        <button
          className="jp-datum-button"
          data-kind="flat"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {trans.__('Run with')} <span aria-hidden="true">{open ? '▴' : '▾'}</span>
        </button>
        <span className="jp-datum-muted jp-datum-small jp-datum-cut">
          {open ? null : <Chosen once={once} />}
        </span>
      </div>
      <div id={id} hidden={!open}>
        {open ? <Settings once={once} row={row} onChange={setOnce} /> : null}
      </div>
      {refused !== null ? <Note>{oneLine(refused)}</Note> : null}
    </div>
  );
}

/** What the button says, and why it can't be pressed now. */
function useWords(
  panel: PanelModel,
  row: IRow
): { label: string; title: string; why: string | null } {
  const { trans } = useHost();
  const recorded = panel.way === 'recorded';
  const label = recorded
    ? trans.__('Run')
    : panel.edited
      ? trans.__('Run the edited cell')
      : trans.__('Run the cell');
  const titles = {
    cell: trans.__('Runs the cell as it stands, in its kernel'),
    saved: trans.__('Saves the notebook and runs the cell in a kernel that is started for it'),
    recorded: trans.__('Runs the code of the last run where it is due; needs no kernel')
  };
  return { label, title: titles[panel.way ?? 'recorded'], why: why() };

  function why(): string | null {
    const { run } = row;
    if (panel.asked.waits(row.name)) {
      return trans.__('It was asked for; the runner begins in a moment');
    }
    // A run that is paused, or whose runner is gone, gives way to the edited cell.
    const still = run?.status === 'paused' || run?.status === 'interrupted';
    if (run && !ENDED.has(run.status) && !(!recorded && still)) {
      return trans.__('Run %1 has not ended yet', run.id);
    }
    return recorded ? (run?.retryable ?? null) : null;
  }
}

/** The settings that are not as usual, in few words. */
function Chosen(props: { once: IOnce }): JSX.Element {
  const { trans } = useHost();
  const { which, engine, workers } = props.once;
  const words = [
    which === 'fresh' ? trans.__('new and failed only') : '',
    which === 'failed' ? trans.__('failed only') : '',
    which === 'all' ? trans.__('all again') : '',
    engine ?? '',
    workers ? trans._n('1 worker', '%1 workers', workers) : ''
  ];
  return <>{words.filter(Boolean).join(' · ')}</>;
}

function Settings(props: { once: IOnce; row: IRow; onChange: (once: IOnce) => void }): JSX.Element {
  const { trans } = useHost();
  const { once, row, onChange } = props;
  const last = row.run?.engine;
  return (
    <div className="jp-datum-form">
      <label>
        <span>{trans.__('Datums')}</span>
        <select
          value={once.which ?? 'due'}
          onChange={event => onChange({ ...once, which: event.target.value as IOnce['which'] })}
        >
          <option value="due">{trans.__('new, changed and failed')}</option>
          <option value="fresh">{trans.__('new and failed only')}</option>
          <option value="failed">{trans.__('failed only')}</option>
          <option value="all">{trans.__('all again')}</option>
        </select>
      </label>
      <label>
        <span>{trans.__('Engine')}</span>
        <select
          value={once.engine ?? ''}
          onChange={event => onChange({ ...once, engine: event.target.value || undefined })}
        >
          <option value="">
            {last ? trans.__('as before (%1)', last) : trans.__('as in the cell')}
          </option>
          {ENGINES.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{trans.__('Workers')}</span>
        <input
          type="number"
          min={1}
          max={100000}
          value={once.workers ?? ''}
          placeholder={trans.__('as in the cell')}
          onChange={event => onChange({ ...once, workers: whole(event.target.value) })}
        />
      </label>
    </div>
  );
}

function whole(text: string): number | undefined {
  const n = Number.parseInt(text, 10);
  return n >= 1 && n <= 100_000 ? n : undefined;
}

/** Arguments without what is not said. */
function given(once: IOnce): Record<string, string | number> {
  const said = Object.entries(once).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Record<string, string | number>;
}
