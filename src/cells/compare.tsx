/** A failed datum beside the last good one. Loaded when it is asked for. */
import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { datumIcon } from '../icons';
import type { IComparison, ISide } from '../models/lastgood';
import { bytes, oneLine, span, stateWord } from '../panels/format';
import { Diff } from '../panels/origins';
import { CommandButton, HostContext, StateWord, useHost } from '../panels/parts';
import type { IHost } from '../panels/parts';
import { moment } from '../panels/when';
import { Commands } from '../tokens';

/** The widget of a comparison. */
export function comparisonWidget(
  host: IHost,
  project: string,
  found: IComparison
): MainAreaWidget<ReactWidget> {
  const content = ReactWidget.create(
    <HostContext.Provider value={host}>
      <ComparisonView project={project} found={found} />
    </HostContext.Provider>
  );
  content.addClass('jp-datum-detail');
  content.node.setAttribute('role', 'region');
  const widget = new MainAreaWidget({ content });
  widget.id = `jp-datum-compare-${project}-${found.bad.datum}`;
  widget.title.icon = datumIcon;
  const name = oneLine(found.bad.name);
  widget.title.label = host.trans.__('Compare %1', name.split('/').pop() ?? '');
  widget.title.caption = name;
  widget.title.closable = true;
  content.node.setAttribute('aria-label', widget.title.label);
  return widget;
}

/** Two columns, and the difference of the codes. */
export function ComparisonView(props: { project: string; found: IComparison }): JSX.Element {
  const { trans } = useHost();
  const { found, project } = props;
  const { bad, good, neighbour, diff } = found;
  return (
    <div className="jp-datum-detail-body">
      <h1>{trans.__('What is different')}</h1>
      <p>{sentence(trans, found)}</p>
      {good ? (
        <table className="jp-datum-good">
          <thead>
            <tr>
              <td />
              <th scope="col">{trans.__('Failed')}</th>
              <th scope="col">
                {neighbour ? trans.__('Nearest good one') : trans.__('Last good')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(trans, bad, good).map(([title, left, right]) => (
              <tr key={title}>
                <th scope="row">{title}</th>
                <td>{left}</td>
                <td>{right}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <div className="jp-datum-actions">
        <OpenButton
          project={project}
          side={bad}
          label={trans.__('Open the failed one in a notebook')}
        />
        {good ? (
          <OpenButton
            project={project}
            side={good}
            label={trans.__('Open the good one in a notebook')}
          />
        ) : null}
      </div>
      {good && bad.code !== good.code ? (
        <section>
          <h2>{trans.__('Code %1 to code %2', good.code ?? '', bad.code ?? '')}</h2>
          <Diff text={diff} />
        </section>
      ) : null}
    </div>
  );
}

function OpenButton(props: { project: string; side: ISide; label: string }): JSX.Element | null {
  const { project, side, label } = props;
  return side.datum === null ? null : (
    <CommandButton
      command={Commands.openInNotebook}
      args={{ project, datum: side.datum }}
      icon="cell"
      label={label}
    />
  );
}

type Trans = IHost['trans'];

/** Which two are compared, and what that says. */
function sentence(trans: Trans, found: IComparison): string {
  const { bad, good, neighbour } = found;
  const name = oneLine(bad.name);
  if (!good) {
    return trans.__('%1 has never succeeded, and no datum near it has.', name);
  }
  if (neighbour) {
    return trans.__(
      '%1 has never succeeded. Beside it stands %2, the nearest datum that has, by the same code.',
      name,
      oneLine(good.name)
    );
  }
  const input = bad.input === good.input;
  const code = bad.code === good.code;
  if (input && code) {
    return trans.__('%1 has succeeded with the same input and code: look at the machine.', name);
  }
  const what =
    !input && !code
      ? trans.__('its input and the code have changed since')
      : input
        ? trans.__('its input is the same, the code has changed since')
        : trans.__('the code is the same, its input has changed since');
  return trans.__('%1 has succeeded before: %2.', name, what);
}

/** What is told of both, where one of them has it. */
function rowsOf(
  trans: Trans,
  bad: ISide,
  good: ISide
): [string, React.ReactNode, React.ReactNode][] {
  const all: [string, (side: ISide) => React.ReactNode][] = [
    [trans.__('Datum'), side => <bdi>{oneLine(side.name)}</bdi>],
    [
      trans.__('State'),
      side => <StateWord state={side.state} word={stateWord(trans, side.state)} />
    ],
    [trans.__('When'), side => moment(side.at) || null],
    [trans.__('Took'), side => (side.seconds === null ? null : span(side.seconds))],
    [trans.__('Input'), side => (side.files.length ? <Files side={side} /> : null)],
    [
      trans.__('Input digest'),
      side => bad.input && good.input && <code>{side.input?.slice(0, 12)}</code>
    ],
    [trans.__('Code'), side => side.code],
    [trans.__('Result'), side => side.result && <code>{oneLine(side.result)}</code>],
    [trans.__('Message'), side => side.message && oneLine(side.message)]
  ];
  return all
    .map(([title, of]): [string, React.ReactNode, React.ReactNode] => [title, of(bad), of(good)])
    .filter(([, left, right]) => Boolean(left) || Boolean(right));
}

function Files(props: { side: ISide }): JSX.Element {
  const { trans, commands } = useHost();
  const { files } = props.side;
  return (
    <ul className="jp-datum-compare-files">
      {files.slice(0, 10).map(({ name, rel, path, size }) => (
        <li key={`${name}/${rel}`}>
          {path === null ? (
            <bdi>{oneLine(rel)}</bdi>
          ) : (
            <button
              className="jp-datum-link"
              onClick={() => void commands.execute(Commands.openFile, { path }).catch(() => null)}
            >
              <bdi>{oneLine(rel)}</bdi>
            </button>
          )}{' '}
          {size === null ? '' : bytes(size)}
        </li>
      ))}
      {files.length > 10 ? <li>{trans.__('and %1 more', files.length - 10)}</li> : null}
    </ul>
  );
}
