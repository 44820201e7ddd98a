/** Groups of failures, the datums of one, and one datum beside them. */
import React from 'react';

import { DatumView } from '../../panels/datumview';
import { FailuresView } from '../../panels/failures';
import { useHost, useSignals } from '../../panels/parts';
import type { ITabProps } from '../tab';

export default function FailuresTab(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  useSignals(model.changed, model.run.changed);
  const { datum } = model;
  return (
    <div className="jp-datum-beside">
      <div className="jp-datum-list">
        <FailuresView
          run={model.run}
          source={model.requests}
          onOpen={id => model.go({ datum: id })}
        />
      </div>
      <div className="jp-datum-detail">
        {datum.datum || datum.pending || datum.error ? (
          <DatumView model={datum} />
        ) : (
          <p className="jp-datum-body jp-datum-muted">{trans.__('Choose a failed datum.')}</p>
        )}
      </div>
    </div>
  );
}
