/** All versions of one datum, and how two versions of its code differ. */
import React from 'react';

import { Glyph } from '../../icons';
import type { LineageModel } from '../../models/lineage';
import { sidesOf } from '../../models/sides';
import type { ISideLine, ISideRow } from '../../models/sides';
import type { IHelperDiff, IHistory, IVersion } from '../../tokens';
import { oneLine, span, stateWord, visible } from '../format';
import { useHost } from '../parts';
import { dayTime } from '../when';
import { nodeName } from './chain';
import { fateOf, Formerly } from './former';
import { useLines } from './highlight';
import type { IPiece } from './highlight';

/** The history of the datum that is chosen in the chain. */
export function HistoryPane(props: { model: LineageModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { node, history } = model;
  if (!node) {
    return <p className="jp-datum-body jp-datum-muted">{trans.__('Choose a datum.')}</p>;
  }
  const codes = Object.keys(history?.codes ?? {}).length;
  return (
    <>
      <div className="jp-datum-pane-head">
        <h2>{trans.__('History')}</h2>
        <span className="jp-datum-cut jp-datum-grow">
          {oneLine(node.transform)} <bdi className="jp-datum-muted">{nodeName(trans, node)}</bdi>
        </span>
        <span className="jp-datum-muted jp-datum-small">
          {codes ? trans._n('%1 version of the code', '%1 versions of the code', codes) : ''}
        </span>
      </div>
      {history ? (
        <>
          <Formerly history={history} />
          <Versions model={model} history={history} />
          <Codes model={model} history={history} />
        </>
      ) : (
        <p className="jp-datum-body jp-datum-muted">{trans.__('Reading …')}</p>
      )}
    </>
  );
}

/** The two codes that are compared; the same one twice where there is but one. */
function comparedOf(model: LineageModel, history: IHistory): readonly [number, number] {
  const numbers = numbersOf(history);
  const last = numbers[numbers.length - 1] ?? 0;
  return model.compared ?? [numbers[numbers.length - 2] ?? last, last];
}

function numbersOf(history: IHistory): number[] {
  return Object.keys(history.codes)
    .map(Number)
    .sort((one, two) => one - two);
}

/** Newest first; a version is a button that compares its code with the one before. */
function Versions(props: { model: LineageModel; history: IHistory }): JSX.Element {
  const { trans } = useHost();
  const { model, history } = props;
  const { versions } = history;
  const [, last] = comparedOf(model, history);
  const shown = versions.findIndex(one => one.code === last);
  const choose = (at: number) => {
    const { code } = versions[at];
    const before = versions.slice(at + 1).find(one => one.code !== code)?.code ?? code;
    void model.compare(before, code);
  };
  return (
    <ol className="jp-datum-past" aria-label={trans.__('Versions')} tabIndex={0}>
      {versions.map((version, at) => (
        <li key={`${version.run}/${at}`}>
          <button
            className="jp-datum-past-row"
            aria-pressed={at === shown}
            onClick={() => choose(at)}
          >
            <Glyph state={version.state} label={stateWord(trans, version.state)} />
            <span>{version.number ? trans.__('run %1', version.number) : ''}</span>
            <span className="jp-datum-muted jp-datum-cut">{dayTime(version.at)}</span>
            <span className="jp-datum-cut">
              <Changed version={version} history={history} first={at === versions.length - 1} />
            </span>
            <span className="jp-datum-muted">{span(version.seconds)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function Changed(props: { version: IVersion; history: IHistory; first: boolean }): JSX.Element {
  const { trans } = useHost();
  const { version, history, first } = props;
  const { changed, parts } = version;
  const words: string[] = [];
  if (changed.includes('code')) {
    const names = parts?.length ? parts.map(oneLine).join(', ') : trans.__('code');
    words.push(trans.__('%1 changed', names));
  }
  if (changed.includes('input')) {
    words.push(trans.__('input changed'));
  }
  if (changed.includes('value')) {
    words.push(trans.__('value changed'));
  }
  if (!words.length) {
    words.push(first ? trans.__('first version') : trans.__('run again, nothing changed'));
  }
  words.push(...fateOf(trans, version));
  return (
    <span title={words.join(' · ')}>
      <CodeName code={version.code} history={history} /> · {words.join(' · ')}
    </span>
  );
}

function CodeName(props: { code: number; history: IHistory }): JSX.Element {
  const { trans } = useHost();
  const mark = props.history.marks?.[props.code];
  return (
    <>
      {trans.__('code %1', props.code)}
      {mark ? <code className="jp-datum-muted"> {oneLine(mark).slice(0, 4)}</code> : null}
    </>
  );
}

function Codes(props: { model: LineageModel; history: IHistory }): JSX.Element {
  const { trans } = useHost();
  const { model, history } = props;
  const numbers = numbersOf(history);
  const [old, last] = comparedOf(model, history);
  if (numbers.length < 2) {
    const source = history.codes[String(last)] ?? '';
    return <Single source={source} parts={history.parts?.[String(last)] ?? []} />;
  }
  return (
    <div className="jp-datum-two-codes">
      <div className="jp-datum-row">
        <h3>{trans.__('Code')}</h3>
        <Choice
          {...{ history, numbers }}
          label={trans.__('From')}
          value={old}
          pick={n => void model.compare(n, last)}
        />
        <span className="jp-datum-muted">{trans.__('to')}</span>
        <Choice
          {...{ history, numbers }}
          label={trans.__('To')}
          value={last}
          pick={n => void model.compare(old, n)}
        />
        <span className="jp-datum-muted jp-datum-small jp-datum-cut">
          {summary(trans, history)}
        </span>
      </div>
      <Sides
        diff={history.diff}
        texts={[sourceOf(history, old), sourceOf(history, last)]}
        label={trans.__('Difference of code %1 and code %2', old, last)}
      />
      {(history.helpers ?? []).map(helper => (
        <Helper key={helper.name} helper={helper} />
      ))}
    </div>
  );
}

function Choice(props: {
  history: IHistory;
  numbers: number[];
  label: string;
  value: number;
  pick: (n: number) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { history, numbers, label, value, pick } = props;
  const runOf = (n: number) => history.versions.find(one => one.code === n)?.number;
  return (
    <select aria-label={label} value={value} onChange={event => pick(Number(event.target.value))}>
      {numbers.map(n => (
        <option key={n} value={n}>
          {[
            trans.__('code %1', n),
            oneLine(history.marks?.[n] ?? '').slice(0, 4),
            runOf(n) ? trans.__('run %1', runOf(n)) : ''
          ]
            .filter(Boolean)
            .join(' · ')}
        </option>
      ))}
    </select>
  );
}

/** What else differs than the text of the cell. */
function summary(trans: ReturnType<typeof useHost>['trans'], history: IHistory): string {
  const others = (history.differs ?? []).filter(name => name !== 'the cell').map(oneLine);
  const cell = history.diff ? trans.__('the cell changed') : trans.__('the cell is the same text');
  return others.length ? `${cell} · ${trans.__('%1 changed', others.join(', '))}` : cell;
}

/** The only version of the code, with what it consists of besides. */
function Single(props: { source: string; parts: readonly string[] }): JSX.Element {
  const { trans } = useHost();
  const { source } = props;
  const parts = props.parts.filter(name => name !== 'the cell').map(oneLine);
  const lines = useLines(source);
  return (
    <div className="jp-datum-two-codes">
      <div className="jp-datum-row">
        <h3>{trans.__('Code')}</h3>
        <span className="jp-datum-muted jp-datum-small jp-datum-cut">
          {parts.length ? trans.__('with %1', parts.join(', ')) : trans.__('the cell alone')}
        </span>
      </div>
      <pre className="jp-datum-code" tabIndex={0} data-part="source">
        {lines
          ? lines.map((pieces, at) => (
              <React.Fragment key={at}>
                <Pieces pieces={pieces} />
                {'\n'}
              </React.Fragment>
            ))
          : visible(source)}
      </pre>
    </div>
  );
}

/** What differs in a function or a number that the cell uses. */
function Helper(props: { helper: IHelperDiff }): JSX.Element {
  const { trans } = useHost();
  const { name, diff, old, new: last } = props.helper;
  const shown = oneLine(name);
  return (
    <>
      <h4 data-part="helper">
        <code>{shown}</code>
      </h4>
      <Sides
        diff={diff}
        texts={[old ?? '', last ?? '']}
        label={trans.__('Difference of %1', shown)}
      />
    </>
  );
}

/** Two columns: what was, and what is; lines that both have stand beside each other. */
function Sides(props: {
  diff: string;
  texts: readonly [string, string];
  label: string;
}): JSX.Element {
  const { trans } = useHost();
  const { diff, texts, label } = props;
  const [before, now] = [useLines(texts[0]), useLines(texts[1])];
  const { rows, rest } = React.useMemo(() => sidesOf(visible(diff)), [diff]);
  if (!rows.length) {
    return <p className="jp-datum-muted">{trans.__('The two are the same text.')}</p>;
  }
  return (
    <>
      <div className="jp-datum-sides" tabIndex={0} role="group" aria-label={label}>
        <table data-part="sides">
          <colgroup>
            <col className="jp-datum-line-number" />
            <col />
            <col className="jp-datum-line-number" />
            <col />
          </colgroup>
          <tbody>
            {rows.map((row, at) => (
              <SideRow key={at} row={row} before={before} now={now} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="jp-datum-muted jp-datum-small">
        {trans.__('− removed, + added')}
        {rest ? ` · ${rest}` : ''}
      </p>
    </>
  );
}

function sourceOf(history: IHistory, code: number): string {
  return history.codes[String(code)] ?? '';
}

type Lines = readonly IPiece[][] | null;

function SideRow(props: { row: ISideRow; before: Lines; now: Lines }): JSX.Element {
  const { row, before, now } = props;
  return (
    <>
      {row.gap ? (
        <tr data-gap="true">
          <td colSpan={4}>⋯</td>
        </tr>
      ) : null}
      <tr>
        <Side line={row.old} sign="minus" lines={before} />
        <Side line={row.last} sign="plus" lines={now} right />
      </tr>
    </>
  );
}

function Side(props: {
  line: ISideLine | null;
  sign: 'minus' | 'plus';
  lines: Lines;
  right?: boolean;
}): JSX.Element {
  const { trans } = useHost();
  const { line, sign, lines, right } = props;
  if (!line) {
    return <td colSpan={2} data-sign="none" data-right={right} />;
  }
  const word = sign === 'plus' ? trans.__('added') : trans.__('removed');
  const pieces = lines?.[line.number - 1];
  // Python ends lines at more characters than a browser does: then it is another line.
  const fits = pieces?.map(piece => piece.text).join('') === line.text;
  return (
    <>
      <td
        className="jp-datum-line-number"
        data-sign={line.differs ? sign : undefined}
        data-right={right}
      >
        {line.number}
      </td>
      <td data-sign={line.differs ? sign : undefined} data-text={right ? 'right' : 'left'}>
        {line.differs ? (
          <>
            <span className="jp-datum-side-sign" aria-hidden="true">
              {sign === 'plus' ? '+' : '−'}
            </span>
            <span className="jp-datum-hidden">{word} </span>
          </>
        ) : null}
        <code>{pieces && fits ? <Pieces pieces={pieces} /> : line.text}</code>
      </td>
    </>
  );
}

function Pieces(props: { pieces: readonly IPiece[] }): JSX.Element {
  return (
    <>
      {props.pieces.map(({ text, className }, at) => (
        <span key={at} className={className || undefined}>
          {text}
        </span>
      ))}
    </>
  );
}
