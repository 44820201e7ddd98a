/** One datum's chain as a tree: raw files, what was made of them, and so on. */
import React from 'react';

import { Icon } from '../../icons';
import { isFoldable, treeKey } from '../../models/chain';
import type { IChainRow, Way } from '../../models/chain';
import type { LineageModel } from '../../models/lineage';
import { Commands } from '../../tokens';
import type { INode, ITraced } from '../../tokens';
import { bytes, count, datumName, keyName, oneLine, span, stateWord, thenWord } from '../format';
import { CommandButton, StateWord, useHost } from '../parts';

/** Called with the contents path of a file whose users are wanted. */
type OnUsers = (path: string) => void;

/** Head, tree, and what can be done with the row that is chosen. */
export function ChainView(props: { model: LineageModel; onUsers: OnUsers }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const ways: [Way, string][] = [
    ['both', trans.__('up and down')],
    ['up', trans.__('up')],
    ['down', trans.__('down')]
  ];
  return (
    <>
      <div className="jp-datum-pane-head">
        <h2>{trans.__('One datum’s chain')}</h2>
        <div className="jp-datum-ways" role="group" aria-label={trans.__('Direction')}>
          {ways.map(([way, label]) => (
            <button
              key={way}
              className="jp-datum-button jp-datum-small"
              aria-pressed={model.way === way}
              onClick={() => model.look(way)}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
      <Tree model={model} />
      <Links {...props} />
    </>
  );
}

function Tree(props: { model: LineageModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { rows, chosen } = model;
  const tree = React.useRef<HTMLDivElement>(null);
  const at = Math.max(0, rows.indexOf(chosen as IChainRow));
  const onKey = (event: React.KeyboardEvent) => {
    const does = treeKey(rows, at, event.key);
    if (!does) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (does.toggle) {
      void model.toggle(rows[at]);
    } else if (does.go !== undefined) {
      model.choose(rows[does.go].key);
      tree.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[does.go]?.focus();
    }
  };
  return (
    <div
      className="jp-datum-chain"
      role="tree"
      aria-label={trans.__('Where it comes from, and what was made of it')}
      ref={tree}
      onKeyDown={onKey}
    >
      {rows.map((row, place) => (
        <Row key={row.key} row={row} model={model} entry={place === at} />
      ))}
    </div>
  );
}

function Row(props: { row: IChainRow; model: LineageModel; entry: boolean }): JSX.Element {
  const { row, model, entry } = props;
  const foldable = isFoldable(row);
  return (
    <div
      className="jp-datum-chain-row"
      role="treeitem"
      aria-level={row.level}
      aria-expanded={foldable ? row.open : undefined}
      aria-selected={row === model.chosen}
      aria-busy={row.waiting || undefined}
      data-self={row.self || undefined}
      tabIndex={entry ? 0 : -1}
      style={{ paddingInlineStart: `calc(var(--jp-datum-side) - 4px + ${(row.level - 1) * 16}px)` }}
      onClick={() => model.choose(row.key)}
      onDoubleClick={() => foldable && void model.toggle(row)}
    >
      <span
        className="jp-datum-chain-fold"
        aria-hidden="true"
        onClick={event => {
          if (foldable) {
            event.stopPropagation();
            void model.toggle(row);
          }
        }}
      >
        {foldable ? <Icon name={row.open === false ? 'right' : 'down'} /> : null}
      </span>
      <What row={row} />
    </div>
  );
}

function What(props: { row: IChainRow }): JSX.Element {
  const { trans } = useHost();
  const { row } = props;
  if (row.kind === 'datum' && row.node) {
    return <Datum node={row.node} self={row.self} />;
  }
  if (row.file) {
    return <File file={row.file} />;
  }
  const n = `${count(row.count ?? 0)}${row.capped ? '+' : ''}`;
  const name = oneLine(row.of?.up.first[0]?.transform ?? '');
  if (row.cut) {
    return (
      <span className="jp-datum-cut jp-datum-muted">
        {trans.__('%1 more, not followed from here', n)}
      </span>
    );
  }
  return (
    <span className="jp-datum-cut jp-datum-muted">
      {row.kind === 'others' ? trans.__('and %1 more of %2', n, name) : trans.__('%1 more', n)}
    </span>
  );
}

function Datum(props: { node: INode; self?: boolean }): JSX.Element {
  const { trans } = useHost();
  const { node, self } = props;
  const took = node.seconds === undefined ? '' : `${span(node.seconds)} · `;
  const name = oneLine(node.transform);
  const then = thenWord(trans, node.now);
  return (
    <>
      <StateWord state={node.state} word="" />
      <span className="jp-datum-cut">
        <span className="jp-datum-hidden">{stateWord(trans, node.state)} </span>
        {self ? <b>{name}</b> : name} <bdi className="jp-datum-muted">{nodeName(trans, node)}</bdi>
      </span>
      <span className="jp-datum-chain-told">
        {node.gone ? <Mark word={trans.__('left the input')} /> : null}
        {node.formerly?.length ? (
          <Mark word={trans.__('formerly %1', node.formerly.map(oneLine).join(', '))} />
        ) : null}
        {then ? <Mark word={then} /> : null}
        {node.now === 'unknown' ? null : <Code node={node} took={took} />}
      </span>
    </>
  );
}

function Code(props: { node: INode; took: string }): JSX.Element {
  const { trans } = useHost();
  const { node, took } = props;
  return (
    <>
      {node.current ? null : <Mark word={trans.__('older code')} />}
      {took}
      {trans.__('code %1', node.version)}
    </>
  );
}

function File(props: { file: ITraced }): JSX.Element {
  const { trans } = useHost();
  const { file } = props;
  const words: Record<string, string> = {
    edited: trans.__('edited since'),
    remade: trans.__('made anew since'),
    gone: trans.__('not there any more'),
    uncompared: trans.__('touched, not compared')
  };
  const mark = words[file.now];
  return (
    <>
      <Icon name="file" />
      <bdi className="jp-datum-cut-start">{fileName(file)}</bdi>
      <span className="jp-datum-chain-told">
        {mark ? <Mark word={mark} /> : null}
        {file.size === null ? '' : bytes(file.size)}
      </span>
    </>
  );
}

function Mark(props: { word: string }): JSX.Element {
  return <span className="jp-datum-chain-mark">{props.word}</span>;
}

function Links(props: { model: LineageModel; onUsers: OnUsers }): JSX.Element | null {
  const { trans } = useHost();
  const { model, onUsers } = props;
  const { chosen, root, project } = model;
  const node = chosen?.kind === 'datum' ? chosen.node : undefined;
  const path = chosen?.file?.path;
  const flat = 'flat' as const;
  return (
    <div className="jp-datum-pane-foot">
      {path ? (
        <>
          <CommandButton
            command={Commands.openFile}
            args={{ path }}
            label={trans.__('Open')}
            kind={flat}
          />
          <button className="jp-datum-button" data-kind={flat} onClick={() => onUsers(path)}>
            {trans.__('Show datums that used this file')}
          </button>
        </>
      ) : null}
      {chosen?.file && !path ? (
        <span className="jp-datum-muted">
          {trans.__('It lies outside of the folder that the server shows.')}
        </span>
      ) : null}
      {node?.run ? (
        <CommandButton
          command={Commands.openDatum}
          args={{ project, run: node.run, datum: node.id }}
          label={trans.__('Open the datum')}
          kind={flat}
        />
      ) : null}
      {node && node.id !== root?.id ? (
        <button
          className="jp-datum-button"
          data-kind={flat}
          onClick={() => void model.show(node.id)}
        >
          {trans.__('Show its chain')}
        </button>
      ) : null}
    </div>
  );
}

/** The name of a datum, as everywhere; of an older server its number where the key is a digest. */
export function nodeName(
  trans: ReturnType<typeof useHost>['trans'],
  node: Pick<INode, 'id' | 'key' | 'position'>
): string {
  const { id, key, position } = node;
  return position === undefined
    ? keyName(key) || trans.__('datum #%1', id)
    : datumName(trans, { key, position });
}

function fileName(file: ITraced): string {
  return oneLine(file.path ?? file.rel);
}
