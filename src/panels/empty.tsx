/** What is not as it should be: one sentence, one action. */
import React from 'react';

import type { PanelModel } from '../models/panel';
import { Commands } from '../tokens';
import type { IContext } from '../tokens';
import { oneLine, span } from './format';
import { CommandButton, Note, useHost } from './parts';
import { foreignWords } from './why';

/** The cell that shows how it is done. */
export const SAMPLE_CELL = `%%datum sizes -i "*.csv" -o sizes
text = open(datum.path).read()
datum.out_file(".txt").write_text(str(len(text)))
len(text)`;

const INSTALL = 'pip install "jupyter-datum[lab]"';
const UPGRADE = 'pip install --upgrade "jupyter-datum[lab]"';

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

function Refresh(): JSX.Element {
  const { trans } = useHost();
  return <CommandButton command={Commands.refresh} icon="refresh" label={trans.__('Try again')} />;
}

function problem(context: IContext): boolean {
  return context.state !== 'ok' && context.state !== 'no-project';
}

/** What is wrong although there may be something to see. */
export function Problem(props: { panel: PanelModel }): JSX.Element | null {
  const { trans } = useHost();
  const { context } = props.panel;
  if (!context || !problem(context)) {
    return null;
  }
  const says = context.message ? oneLine(context.message) : '';
  switch (context.state) {
    case 'kernel-without-extension':
      return (
        <Note
          action={
            <CommandButton
              command={Commands.runCell}
              args={{ source: '%load_ext jupyter_datum' }}
              label={trans.__('Load it')}
            />
          }
        >
          {trans.__('The kernel has not loaded jupyter_datum.')}
        </Note>
      );
    case 'no-files':
      return (
        <Note>{trans.__('This notebook does not lie in a folder that the server can read.')}</Note>
      );
    case 'older':
      return (
        <Note
          action={
            <CommandButton command={Commands.upgrade} label={trans.__('Upgrade the ledger')} />
          }
        >
          {trans.__(
            'An older jupyter-datum wrote the ledger of this project: its runs are shown once it is upgraded. Nothing is lost.'
          )}
        </Note>
      );
    case 'foreign':
      return <Note action={<Refresh />}>{foreignWords(trans)}</Note>;
    case 'newer':
      return (
        <Note action={<Refresh />}>
          {trans.__(
            'A newer jupyter-datum wrote the ledger of this project. Bring the one in the environment of the Jupyter server up to date, and start the server anew.'
          )}
          <code className="jp-datum-code">{UPGRADE}</code>
        </Note>
      );
    case 'version-mismatch':
      return (
        <Note action={<Refresh />}>
          {trans.__(
            'The kernel has a jupyter-datum of another version than the server: install the same in both.'
          )}
          <code className="jp-datum-code">{UPGRADE}</code>
        </Note>
      );
    case 'damaged':
      return (
        <Note action={<Refresh />}>
          {trans.__('The runs of this project cannot be shown: %1', says)}
        </Note>
      );
    default:
      return says ? <Note>{says}</Note> : null;
  }
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
