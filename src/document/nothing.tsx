/** What a tab shows where there is nothing for it: why, and where to look. */
import React from 'react';

import { CommandButton, useHost } from '../panels/parts';
import { Commands } from '../tokens';

/** In the middle of the room, as what fills it would be. */
export function Nothing(props: {
  /** One sentence. */
  says: string;
  /** What would stand here. */
  more?: string;
  children?: React.ReactNode;
}): JSX.Element {
  const { says, more, children } = props;
  return (
    <div className="jp-datum-nothing">
      <svg viewBox="0 0 58 20" width="87" height="30" aria-hidden="true">
        {[0, 1, 2, 3, 4, 5, 6, 7].map(n => (
          <rect key={n} x={(n % 4) * 15 + 0.5} y={n < 4 ? 0.5 : 11.5} width="12" height="8" />
        ))}
      </svg>
      <p>{says}</p>
      {more ? <p className="jp-datum-muted">{more}</p> : null}
      {children}
    </div>
  );
}

/** No datum matched: where it is said what was looked for. */
export function NoDatums(props: { project: string; run: string; says: string }): JSX.Element {
  const { trans } = useHost();
  const { project, run, says } = props;
  return (
    <Nothing says={says}>
      <CommandButton
        command={Commands.openRun}
        args={{ project, run, tab: 'spec' }}
        label={trans.__('Show its input')}
      />
    </Nothing>
  );
}
