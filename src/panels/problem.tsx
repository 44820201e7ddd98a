/** What is wrong with a notebook's ledger or kernel although there may be something to see. */
import React from 'react';

import type { PanelModel } from '../models/panel';
import { Commands } from '../tokens';
import { problem, Refresh, UPGRADE } from './empty';
import { oneLine } from './format';
import { CommandButton, Note, useHost } from './parts';
import { foreignWords } from './why';

/** A cell for a kernel in whose environment we are not. */
const KERNEL_INSTALL = '%pip install jupyter-datum\n%load_ext jupyter_datum';

/** What is wrong although there may be something to see. */
export function Problem(props: { panel: PanelModel }): JSX.Element | null {
  const { trans } = useHost();
  const { context, runs } = props.panel;
  // A server half that is none for this page says nothing that counts: the page below says that.
  const away = runs.connection === 'missing' || runs.connection === 'older';
  if (away || !context || !problem(context)) {
    return null;
  }
  const says = context.message ? oneLine(context.message) : '';
  switch (context.state) {
    case 'kernel-without-extension':
      return props.panel.notebook?.lacks() ? (
        <Note
          action={
            <CommandButton
              command={Commands.runCell}
              args={{ source: KERNEL_INSTALL }}
              label={trans.__('Install and load it')}
            />
          }
        >
          {trans.__('The environment of this kernel has no jupyter-datum.')}
          <code className="jp-datum-code">{KERNEL_INSTALL}</code>
        </Note>
      ) : (
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
      return props.panel.notebook?.far ? (
        <Note
          action={
            <CommandButton command={Commands.bring} label={trans.__('Copy it to the server')} />
          }
        >
          {trans.__(
            'This notebook lies on a drive of which the server has no files. Its runs are shown once its kernel has loaded jupyter_datum and run a transform.'
          )}
        </Note>
      ) : (
        <Note action={<Refresh />}>
          {trans.__('This notebook does not lie in a folder that the server can read.')}
        </Note>
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
