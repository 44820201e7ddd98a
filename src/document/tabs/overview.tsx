/** The run at a glance. */
import React from 'react';

import { RunView } from '../../panels/runview';
import type { ITabProps } from '../tab';

export default function Overview(props: ITabProps): JSX.Element {
  return <RunView run={props.model.run} />;
}
