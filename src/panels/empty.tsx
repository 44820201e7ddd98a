/** What is not as it should be: one sentence, one action. */
import React from 'react';

import type { PanelModel } from '../models/panel';
import { Commands } from '../tokens';
import type { IContext } from '../tokens';
import { oneLine, span } from './format';
import { CommandButton, Note, useHost } from './parts';

/** The cell that shows how it is done. */
export const SAMPLE_CELL = `%%datum sizes -i "*.csv" -o sizes
text = open(datum.path).read()
datum.out_file(".txt").write_text(str(len(text)))
len(text)`;

const INSTALL = 'pip install "jupyter-datum[lab]"';
/** Brings the server's, or a kernel's, up to date. */
export const UPGRADE = 'pip install --upgrade "jupyter-datum[lab]"';

/** Why nothing can be shown; null if something can. */
export function Empty(props: { panel: PanelModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel } = props;
  const { connection } = panel.runs;
  if (connection === 'missing') {
    return (
      <Page title={trans.__('The server has no datum extension')}>
        <p>
          {trans.__(
            'Install jupyter-datum in the environment of the Jupyter server and start it anew.'
          )}
        </p>
        <code className="jp-datum-code">{INSTALL}</code>
        <Refresh />
      </Page>
    );
  }
  if (connection === 'older') {
    return (
      <Page title={trans.__('Server and page speak different versions')}>
        <p>
          {trans.__(
            'Bring jupyter-datum up to date in the environment of the Jupyter server, start the server anew and reload this page.'
          )}
        </p>
        <code className="jp-datum-code">{UPGRADE}</code>
        <Refresh />
      </Page>
    );
  }
  if (!panel.notebook) {
    return (
      <Page title={trans.__('No notebook is open')}>
        <p>{trans.__('Runs are shown for the notebook in front.')}</p>
        <CommandButton
          command="notebook:create-new"
          icon="plus"
          kind="main"
          label={trans.__('New notebook')}
        />
      </Page>
    );
  }
  if (panel.error && !panel.rows.length) {
    return (
      <Page title={trans.__('The server did not answer')}>
        <p>{oneLine(panel.error)}</p>
        <Refresh />
      </Page>
    );
  }
  if (!panel.rows.length && panel.context && !problem(panel.context)) {
    return <NoTransform />;
  }
  return null;
}

function NoTransform(): JSX.Element {
  const { trans } = useHost();
  return (
    <Page title={trans.__('No transform in this notebook yet')} picture={<Tiles />}>
      <p>
        {trans.__(
          'Write a cell for one datum: one file, one row, one grid point. It then runs over all of them.'
        )}
      </p>
      <pre className="jp-datum-code">{SAMPLE_CELL}</pre>
      <CommandButton
        command={Commands.insertSample}
        icon="plus"
        kind="main"
        label={trans.__('Insert this cell')}
      />
    </Page>
  );
}

/** Datums, some of them done: decoration. */
function Tiles(): JSX.Element {
  const at = Array.from({ length: 40 }, (_, n) => n);
  return (
    <svg className="jp-datum-tiles" viewBox="0 0 96 60" width="96" height="60" aria-hidden="true">
      {at.map(n => (
        <rect
          key={n}
          x={(n % 8) * 12.4}
          y={Math.floor(n / 8) * 12.4}
          width="9"
          height="9"
          data-state={n < 17 ? 'success' : 'pending'}
        />
      ))}
    </svg>
  );
}

function Page(props: {
  title: string;
  picture?: React.ReactNode;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <div className="jp-datum-empty" role="status">
      {props.picture}
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** Ask the server anew. */
export function Refresh(): JSX.Element {
  const { trans } = useHost();
  return <CommandButton command={Commands.refresh} icon="refresh" label={trans.__('Try again')} />;
}

/** Whether something is wrong, besides that nothing has run. */
export function problem(context: IContext): boolean {
  return context.state !== 'ok' && context.state !== 'no-project';
}

/** How old the figures are, while the server does not answer. */
export function LostLine(props: { panel: PanelModel }): JSX.Element | null {
  const { trans } = useHost();
  const { connection, heard } = props.panel.runs;
  const [, tick] = React.useReducer((n: number) => n + 1, 0);
  const lost = connection === 'lost';
  React.useEffect(() => {
    const timer = lost ? window.setInterval(tick, 5000) : 0;
    return () => window.clearInterval(timer);
  }, [lost]);
  if (!lost) {
    return null;
  }
  return (
    <Note action={<Refresh />}>
      {heard
        ? trans.__(
            'No connection to the server; last heard %1 ago.',
            span((Date.now() - heard) / 1000)
          )
        : trans.__('No connection to the server yet.')}
    </Note>
  );
}
