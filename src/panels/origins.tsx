/** Where a datum comes from, what was made of it, and how it was before. */
import React from 'react';

import type { DatumModel } from '../models/datum';
import { wholeDiff } from '../models/sides';
import { Commands } from '../tokens';
import type { IHistory, INode, ISome, ITraced } from '../tokens';
import { count, oneLine, span, stateWord, thenWord, visible } from './format';
import { fateOf, Formerly } from './lineage/former';
import { CommandButton, StateWord, useHost } from './parts';
import { dayTime } from './when';

/** One step up and one down; the links go on from there. */
export function LineageView(props: { model: DatumModel }): JSX.Element | null {
  const { trans } = useHost();
  const { model } = props;
  const { node } = model;
  if (!node || !(node.up.count || node.down.count || node.inputs.count)) {
    return null;
  }
  return (
    <section data-part="lineage">
      <h2>{trans.__('Lineage')}</h2>
      <dl className="jp-datum-lineage">
        <div>
          <dt>{trans.__('Made from')}</dt>
          <dd>
            {node.up.count ? <Nodes some={node.up} project={model.project} /> : null}
            {node.inputs.count ? <Traced some={node.inputs} /> : null}
          </dd>
        </div>
        <div>
          <dt>{trans.__('Made of it')}</dt>
          <dd>
            {node.down.count ? (
              <Nodes some={node.down} project={model.project} />
            ) : (
              <span className="jp-datum-muted">{trans.__('nothing that is known')}</span>
            )}
          </dd>
        </div>
      </dl>
      <CommandButton
        command={Commands.showLineage}
        args={{ project: model.project, datum: node.id }}
        label={trans.__('Show the whole lineage')}
      />
      {node.current ? null : (
        <p className="jp-datum-muted">{trans.__('It was made by code that has changed since.')}</p>
      )}
      {node.gone ? (
        <p className="jp-datum-muted">{trans.__('The input does not have it any more.')}</p>
      ) : null}
    </section>
  );
}

function Nodes(props: { some: ISome<INode>; project: string }): JSX.Element {
  const { commands, trans } = useHost();
  const { some, project } = props;
  return (
    <ul className="jp-datum-files">
      {some.first.map(node => (
        <li key={node.id}>
          <StateWord state={node.state} word="" />
          <button
            className="jp-datum-link"
            aria-label={trans.__(
              '%1 of %2, %3',
              oneLine(node.key),
              oneLine(node.transform),
              stateWord(trans, node.state)
            )}
            onClick={() =>
              void commands
                .execute(Commands.openDatum, { project, run: node.run, datum: node.id })
                .catch(() => undefined)
            }
          >
            <bdi>{`${oneLine(node.transform)}: ${oneLine(node.key)}`}</bdi>
          </button>
          {thenWord(trans, node.now) ? (
            <span className="jp-datum-muted">{thenWord(trans, node.now)}</span>
          ) : null}
        </li>
      ))}
      <More some={some} />
    </ul>
  );
}

function Traced(props: { some: ISome<ITraced> }): JSX.Element {
  const { trans } = useHost();
  const { some } = props;
  return (
    <ul className="jp-datum-files">
      {some.first.map((file, at) => (
        <li key={at}>
          <bdi>{oneLine(file.rel)}</bdi>
          <code className="jp-datum-muted">{file.content.slice(0, 8)}</code>
          {file.now && file.now !== 'same' ? (
            <span className="jp-datum-bad">
              {file.now === 'uncompared' ? trans.__('touched, not compared') : oneLine(file.now)}
            </span>
          ) : null}
        </li>
      ))}
      <More some={some} />
    </ul>
  );
}

function More(props: { some: ISome<unknown> }): JSX.Element | null {
  const { trans } = useHost();
  const { count: n, capped, first } = props.some;
  if (n <= first.length) {
    return null;
  }
  const rest = `${count(n - first.length)}${capped ? '+' : ''}`;
  return <li className="jp-datum-muted">{trans.__('and %1 more', rest)}</li>;
}

/** Every version of the datum, and how its code changed from one to another. */
export function HistoryView(props: { model: DatumModel }): JSX.Element | null {
  const { trans } = useHost();
  const { history } = props.model;
  if (!history?.versions.length) {
    return null;
  }
  return (
    <section data-part="history">
      <h2>{trans.__('History')}</h2>
      <Formerly history={history} />
      <div className="jp-datum-scroll" tabIndex={0} role="group" aria-label={trans.__('Versions')}>
        <table className="jp-datum-versions">
          <thead>
            <tr>
              <th scope="col">{trans.__('When')}</th>
              <th scope="col">{trans.__('State')}</th>
              <th scope="col">{trans.__('Took')}</th>
              <th scope="col">{trans.__('Code')}</th>
              <th scope="col">{trans.__('Input')}</th>
              <th scope="col">{trans.__('Changed')}</th>
            </tr>
          </thead>
          <tbody>
            {history.versions.map((version, at) => (
              <tr key={at}>
                <td>{dayTime(version.at)}</td>
                <td>
                  <StateWord state={version.state} word={stateWord(trans, version.state)} />
                </td>
                <td>{span(version.seconds)}</td>
                <td>{version.code}</td>
                <td>
                  <code>{version.input.slice(0, 8)}</code>
                </td>
                <td>{[...version.changed.map(oneLine), ...fateOf(trans, version)].join(' · ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Codes model={props.model} history={history} />
    </section>
  );
}

function Codes(props: { model: DatumModel; history: IHistory }): JSX.Element | null {
  const { trans } = useHost();
  const { model, history } = props;
  const numbers = Object.keys(history.codes)
    .map(Number)
    .sort((a, b) => a - b);
  if (numbers.length < 2) {
    return null;
  }
  const [old, last] = model.compared ?? [numbers[numbers.length - 2], numbers[numbers.length - 1]];
  const choose = (label: string, value: number, pick: (n: number) => void) => (
    <label>
      <span>{label}</span>{' '}
      <select value={value} onChange={event => pick(Number(event.target.value))}>
        {numbers.map(n => (
          <option key={n} value={n}>
            {trans.__('code %1', n)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div className="jp-datum-codes">
      <div className="jp-datum-row">
        {choose(trans.__('From'), old, n => void model.compare(n, last))}
        {choose(trans.__('to'), last, n => void model.compare(old, n))}
      </div>
      <Diff text={wholeDiff(history)} />
    </div>
  );
}

/** A unified difference: each line has its sign, and a colour. */
export function Diff(props: { text: string }): JSX.Element {
  const { trans } = useHost();
  if (!props.text) {
    return <p className="jp-datum-muted">{trans.__('The two are the same text.')}</p>;
  }
  return (
    <pre className="jp-datum-code jp-datum-diff" tabIndex={0} data-part="diff">
      {visible(props.text)
        .split('\n')
        .map((line, at) => (
          <span key={at} data-sign={sign(line)}>
            {`${line}\n`}
          </span>
        ))}
    </pre>
  );
}

function sign(line: string): string | undefined {
  if (/^(?:\+\+\+|---|@@)/.test(line)) {
    return 'head';
  }
  return { '+': 'plus', '-': 'minus' }[line[0]];
}
