/** Who works at the run. */
import React from 'react';

import { WorkersSummary, WorkersView } from '../../panels/workers';
import type { ITabProps } from '../tab';

export default function WorkersTab(props: ITabProps): JSX.Element {
  const { run } = props.model;
  return (
    <>
      <div className="jp-datum-body jp-datum-muted">
        <WorkersSummary run={run} />
      </div>
      <WorkersView run={run} />
    </>
  );
}
