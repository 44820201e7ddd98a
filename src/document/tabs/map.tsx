/** All datums of the run as a picture. */
import React from 'react';

import { MapSummary, MapView } from '../../panels/mapview';
import type { ITabProps } from '../tab';

export default function MapTab(props: ITabProps): JSX.Element {
  const { model, theme } = props;
  const [per, setPer] = React.useState(1);
  return (
    <>
      <div className="jp-datum-body jp-datum-muted jp-datum-small">
        <MapSummary per={per} />
      </div>
      <MapView run={model.run} theme={theme} onPer={setPer} />
    </>
  );
}
