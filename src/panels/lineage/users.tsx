/** Datums that used a file: by transform, page by page. */
import React from 'react';

import { Icon } from '../../icons';
import type { UsersModel } from '../../models/users';
import { Commands } from '../../tokens';
import type { INode, IUse } from '../../tokens';
import { count, oneLine, span, stateWord } from '../format';
import { CommandButton, Note, StateWord, useHost, useSignals } from '../parts';
import { nodeName } from './chain';

/** The list; `onOpen` shows the chain of one, `onBack` the chain that was there before. */
export function UsersView(props: {
  users: UsersModel;
  onOpen: (datum: number) => void;
  onBack: () => void;
}): JSX.Element {
  const { trans } = useHost();
  const { users, onOpen, onBack } = props;
  useSignals(users.changed);
  return (
    <>
      <div className="jp-datum-pane-head">
        <button
          className="jp-datum-button"
          data-kind="icon"
          aria-label={trans.__('Back to the chain')}
          title={trans.__('Back to the chain')}
          onClick={onBack}
        >
          <Icon name="left" />
        </button>
        <h2>{trans.__('Datums that used')}</h2>
        <bdi className="jp-datum-cut-start" title={oneLine(users.path)}>
          {oneLine(users.path)}
        </bdi>
        <CommandButton
          command={Commands.openFile}
          args={{ path: users.path }}
          label={trans.__('Open')}
          kind="flat"
        />
      </div>
      <Uses users={users} />
      {users.error ? <Note>{oneLine(users.error)}</Note> : null}
      <ul className="jp-datum-users" aria-label={trans.__('Datums that used the file')}>
        {users.datums.map(node => (
          <li key={node.id}>
            <User node={node} onOpen={onOpen} />
          </li>
        ))}
      </ul>
      <Rest users={users} />
    </>
  );
}

/** How many of which transform; pressed: these alone. */
function Uses(props: { users: UsersModel }): JSX.Element {
  const { trans } = useHost();
  const { users } = props;
  const { uses, transform } = users;
  const figure = (use: IUse) => `${count(use.count)}${use.capped ? '+' : ''}`;
  return (
    <div className="jp-datum-uses" role="group" aria-label={trans.__('Transforms')}>
      {uses.map(use => (
        <button
          key={use.transform}
          className="jp-datum-button jp-datum-small"
          aria-pressed={transform === use.transform}
          onClick={() => void users.only(transform === use.transform ? null : use.transform)}
        >
          <bdi>{oneLine(use.transform)}</bdi> <b>{figure(use)}</b>
        </button>
      ))}
    </div>
  );
}

function User(props: { node: INode; onOpen: (datum: number) => void }): JSX.Element {
  const { trans } = useHost();
  const { node, onOpen } = props;
  return (
    <button className="jp-datum-user" onClick={() => onOpen(node.id)}>
      <StateWord state={node.state} word="" />
      <span className="jp-datum-cut">
        <span className="jp-datum-hidden">{stateWord(trans, node.state)} </span>
        {oneLine(node.transform)} <bdi className="jp-datum-muted">{nodeName(trans, node)}</bdi>
      </span>
      <span className="jp-datum-chain-told">
        {node.seconds === undefined ? '' : `${span(node.seconds)} · `}
        {trans.__('code %1', node.version)}
      </span>
    </button>
  );
}

function Rest(props: { users: UsersModel }): JSX.Element | null {
  const { trans } = useHost();
  const { users } = props;
  if (users.loading) {
    return <p className="jp-datum-body jp-datum-muted">{trans.__('Reading …')}</p>;
  }
  if (!users.datums.length && !users.error) {
    return (
      <p className="jp-datum-body jp-datum-muted">{trans.__('No datum has used this file.')}</p>
    );
  }
  return users.hasMore ? (
    <div className="jp-datum-body">
      <button className="jp-datum-button" onClick={() => void users.more()}>
        {trans.__('Show more')}
      </button>
    </div>
  ) : null;
}
