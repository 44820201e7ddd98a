/** What the cell saw: the datum, what it came from, the code with what it captured, the packages. */
import React from 'react';

import { sameSource, transformName } from '../models/cells';
import type { DatumModel } from '../models/datum';
import { Commands } from '../tokens';
import type { ICode, IDatumDetail, INode } from '../tokens';
import { count, datumName, oneLine, stateWord } from './format';
import { StateWord, useHost } from './parts';

/** Captured names and packages shown before one asks for all. */
const FIRST = 6;
/** Parts of a fingerprint that are no name of the user's. */
const OWN = /^(?:cell|setup|schema|recover|command|shell)$|^module /;

export function Seen(props: { datum: IDatumDetail; model: DatumModel }): JSX.Element | null {
  const { trans } = useHost();
  const { datum, model } = props;
  const { code, node } = model;
  if (!code) {
    return null;
  }
  const captured = Object.entries(code.parts).filter(([name]) => !OWN.test(name));
  return (
    <section data-section="seen">
      <h2>
        {trans.__('Seen by the cell')}
        <span className="jp-datum-aside">{trans.__('as recorded with this attempt')}</span>
      </h2>
      <dl className="jp-datum-pairs">
        <Pair name={trans.__('name')}>
          <code>
            <bdi>{datumName(trans, datum)}</bdi>
          </code>
        </Pair>
        {node?.up.count ? (
          <Pair name={trans.__('upstream')}>
            {node.up.first.slice(0, FIRST).map(one => (
              <Upstream key={one.id} node={one} project={model.project} />
            ))}
            {node.up.count > FIRST ? (
              <span className="jp-datum-muted">
                {trans.__('and %1 more', count(node.up.count - FIRST))}
              </span>
            ) : null}
          </Pair>
        ) : null}
        <Pair name={trans.__('code')}>
          <code>{code.fingerprint.slice(0, 8)}</code> <Same code={code} />
        </Pair>
        <Pair name={trans.__('Python')}>{oneLine(code.python)}</Pair>
        <Some
          pairs={Object.entries(code.packages)}
          show={([name, version]) => (
            <Pair key={`p ${name}`} name={oneLine(name)}>
              {oneLine(version)}
            </Pair>
          )}
        />
        <Some
          pairs={captured}
          show={([name, digest]) => (
            <Pair key={`c ${name}`} name={oneLine(name)} mono>
              {code.values?.[name] === undefined ? (
                <code title={digest}>{oneLine(digest).slice(0, 12)} …</code>
              ) : (
                <code title={digest}>
                  <bdi>{oneLine(code.values[name])}</bdi>
                </code>
              )}
            </Pair>
          )}
        />
      </dl>
    </section>
  );
}

function Pair(props: { name: string; mono?: boolean; children: React.ReactNode }): JSX.Element {
  const { name, mono, children } = props;
  return (
    <div>
      <dt>{mono ? <code>{name}</code> : name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The first pairs; a press shows the others. */
function Some(props: {
  pairs: [string, string][];
  show: (pair: [string, string]) => JSX.Element;
}): JSX.Element {
  const { trans } = useHost();
  const { pairs, show } = props;
  const [all, setAll] = React.useState(false);
  const rest = pairs.length - FIRST;
  return (
    <>
      {(all ? pairs : pairs.slice(0, FIRST)).map(show)}
      {!all && rest > 0 ? (
        <div>
          <dt />
          <dd>
            <button className="jp-datum-link" onClick={() => setAll(true)}>
              {trans._n('1 more', '%1 more', rest)}
            </button>
          </dd>
        </div>
      ) : null}
    </>
  );
}

/** Whether the open notebook has the very code that ran. */
function Same(props: { code: ICode }): JSX.Element | null {
  const { trans, cells } = useHost();
  const { source } = props.code;
  const name = transformName(source);
  const open = (cells?.() ?? []).filter(cell => name && transformName(cell.source) === name);
  if (open.some(cell => sameSource(cell.source, source))) {
    return <span className="jp-datum-muted">{trans.__('same as the open cell')}</span>;
  }
  return open.length ? (
    <span className="jp-datum-changed">{trans.__('the open cell is another one')}</span>
  ) : null;
}

function Upstream(props: { node: INode; project: string }): JSX.Element {
  const { trans, commands } = useHost();
  const { node, project } = props;
  const open = () =>
    void commands
      .execute(Commands.openDatum, { project, run: node.run, datum: node.id })
      .catch(() => undefined);
  const name = `${oneLine(node.transform)} / ${oneLine(node.key)}`;
  return (
    <button
      className="jp-datum-link"
      aria-label={`${name}, ${stateWord(trans, node.state)}`}
      onClick={open}
    >
      <StateWord state={node.state} word="" /> <bdi>{name}</bdi>
    </button>
  );
}
