/** All datums of the run as a picture. */
import React from 'react';

import type { RunModel } from '../../models/run';
import { MapLegend, MapTools, SelectionBar } from '../../panels/mapbars';
import { MapField } from '../../panels/mapfield';
import { oneLine } from '../../panels/format';
import { RangeTable, useMap } from '../../panels/mapview';
import { useHost, useRead, useSignals } from '../../panels/parts';
import { NoDatums } from '../nothing';
import type { ITabProps } from '../tab';

export default function MapTab(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { model, theme } = props;
  const { run, requests } = model;
  const map = useMap(run, { times: () => requests.durations(run.project, run.uuid) });
  const [words, setWords] = React.useState(false);
  // A frame of a run changes figures and tiles, which draw themselves.
  const ready = useRead(() => map.ready, run.changed, map.changed);
  const selection = useRead(() => map.selection, map.changed);
  const many = useRead(() => run.total > 1, run.changed);
  if (!ready) {
    return <NoMap run={run} />;
  }
  return (
    <div className="jp-datum-map-tab">
      <MapTools model={map} />
      <MapField model={map} theme={theme} source={requests} />
      {words ? <RangeTable run={run} /> : null}
      {selection ? <SelectionBar model={map} range={selection} /> : null}
      <MapLegend run={run}>
        {many ? (
          <span className="jp-datum-muted jp-datum-small">
            {trans.__('drag to select a range')}
          </span>
        ) : null}
        <button className="jp-datum-link" aria-expanded={words} onClick={() => setWords(!words)}>
          {words ? trans.__('hide table') : trans.__('in words')}
        </button>
      </MapLegend>
    </div>
  );
}

/** Why there is no map. */
function NoMap(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const says = nothing(trans, run);
  return run.total || run.error ? (
    <p className="jp-datum-body jp-datum-muted">{says}</p>
  ) : (
    <NoDatums project={run.project} run={run.uuid} says={says} />
  );
}

function nothing(trans: ReturnType<typeof useHost>['trans'], run: RunModel): string {
  if (run.error) {
    return oneLine(run.error);
  }
  if (run.total) {
    return trans.__('Reading …');
  }
  return run.ended || run.counts?.planned
    ? trans.__('No datum matched: there is nothing to map.')
    : trans.__('No datum is known yet: the input is being listed.');
}
