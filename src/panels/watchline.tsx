/** How the chosen transform is watched, while it is; or why it could not be. */
import React from 'react';

import type { PanelModel } from '../models/panel';
import type { WatchesModel } from '../models/watches';
import { Commands } from '../tokens';
import type { IWatch } from '../tokens';
import { count, oneLine, span } from './format';
import { CommandButton, Note, useClock, useHost, useSignals } from './parts';

/** The watch of the chosen transform, if there is something to say of it. */
export function WatchView(props: { panel: PanelModel; watches: WatchesModel }): JSX.Element | null {
  const { panel, watches } = props;
  useSignals(panel.changed, watches.changed);
  const { row, unreadable } = panel;
  const watch = row?.run && !unreadable ? watches.of(row.name) : null;
  if (!watch || watch.state === 'stopped') {
    return null;
  }
  return (
    <div className="jp-datum-watch" data-section="watch">
      {watch.state === 'active' ? <Watching key={watch.transform} watch={watch} /> : null}
      {watch.message ? <Note>{oneLine(watch.message)}</Note> : null}
    </div>
  );
}

function Watching(props: { watch: IWatch }): JSX.Element {
  const { trans, commands } = useHost();
  const { transform, since, settle, runs, how, message } = props.watch;
  const id = React.useId();
  const [typed, type] = React.useState<string | null>(null);
  useClock(true);
  const words = [
    trans.__('watching for %1', span(Math.max(1, Math.round(Date.now() / 1000 - since)))),
    trans._n('1 run', '%2 runs', runs, count(runs))
  ];
  const take = () => {
    const seconds = Number.parseFloat(typed ?? '');
    type(null);
    if (seconds >= 0 && seconds !== settle) {
      const args = { name: transform, settle: seconds };
      void commands.execute(Commands.watch, args).catch(() => undefined);
    }
  };
  return (
    <>
      <div className="jp-datum-row">
        <span
          className="jp-datum-muted jp-datum-small jp-datum-grow"
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
      <div className="jp-datum-row">
        <label className="jp-datum-muted jp-datum-small jp-datum-grow" htmlFor={id}>
          {trans.__('a file counts when still for (s)')}
        </label>
        <input
          id={id}
          className="jp-datum-entry"
          type="number"
          min={0}
          max={3600}
          step="any"
          value={typed ?? settle}
          onChange={event => type(event.target.value)}
          onBlur={take}
          onKeyDown={event => (event.key === 'Enter' ? take() : undefined)}
        />
      </div>
    </>
  );
}
