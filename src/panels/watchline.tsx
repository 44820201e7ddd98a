/** Whether new and changed files of the selected transform run by themselves. */
import React from 'react';

import type { PanelModel } from '../models/panel';
import { SETTLE } from '../models/watches';
import type { WatchesModel } from '../models/watches';
import { Commands } from '../tokens';
import type { IWatch } from '../tokens';
import { oneLine, span } from './format';
import { CommandButton, Note, useClock, useHost, useSignals } from './parts';

/** The watch of the selected transform; one that has not run cannot be watched. */
export function WatchView(props: { panel: PanelModel; watches: WatchesModel }): JSX.Element | null {
  const { panel, watches } = props;
  useSignals(panel.changed, watches.changed);
  const { row, unreadable } = panel;
  if (!row?.run || unreadable) {
    return null;
  }
  const watch = watches.of(row.name);
  const why = row.run.retryable;
  return (
    <div className="jp-datum-watch" data-section="watch">
      {watch?.state === 'active' ? (
        <Watching watch={watch} />
      ) : (
        <Begin key={row.name} name={row.name} settle={watch?.settle ?? SETTLE} why={why} />
      )}
      {watch?.state === 'failed' && watch.message ? <Note>{oneLine(watch.message)}</Note> : null}
    </div>
  );
}

function Watching(props: { watch: IWatch }): JSX.Element {
  const { trans } = useHost();
  const { transform, since, settle, runs, how, message } = props.watch;
  useClock(true);
  const words = [
    trans.__('watching for %1', span(Math.max(1, Math.round(Date.now() / 1000 - since)))),
    trans.__('files count after %1 s', settle),
    trans._n('1 run', '%1 runs', runs)
  ];
  return (
    <div className="jp-datum-row">
      <span
        className="jp-datum-muted jp-datum-small jp-datum-grow"
        role="status"
        title={oneLine([how, message ?? ''].filter(Boolean).join(': '))}
      >
        {words.join(' · ')}
      </span>
      <CommandButton
        command={Commands.watch}
        args={{ name: transform, stop: true }}
        label={trans.__('Stop watching')}
      />
    </div>
  );
}

function Begin(props: { name: string; settle: number; why: string | null }): JSX.Element {
  const { trans } = useHost();
  const { name, why } = props;
  const [open, setOpen] = React.useState(false);
  const [settle, setSettle] = React.useState(String(props.settle));
  const id = React.useId();
  const seconds = Number.parseFloat(settle);
  return (
    <>
      <button
        className="jp-datum-button"
        data-kind="flat"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {trans.__('Watch')} <span aria-hidden="true">{open ? '▴' : '▾'}</span>
      </button>
      <div id={id} hidden={!open} className="jp-datum-row">
        {open ? (
          <>
            <label className="jp-datum-row jp-datum-grow">
              <span className="jp-datum-muted">{trans.__('A file counts when still for (s)')}</span>
              <input
                type="number"
                min={0}
                max={3600}
                step="any"
                value={settle}
                onChange={event => setSettle(event.target.value)}
              />
            </label>
            <CommandButton
              command={Commands.watch}
              args={{ name, settle: seconds }}
              why={why ?? (seconds >= 0 ? null : trans.__('Say how many seconds'))}
              label={trans.__('Start watching')}
              title={trans.__('New and changed files run by themselves until it is stopped')}
            />
          </>
        ) : null}
      </div>
    </>
  );
}
