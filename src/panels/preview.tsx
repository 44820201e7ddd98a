/** Files of a datum with a look into the one that is chosen: picture, table, row or text. */
import React from 'react';

import type { DatumModel } from '../models/datum';
import { Commands } from '../tokens';
import type { IDatumFile, IFile, IPreview, Side } from '../tokens';
import { bytes, count, oneLine, visible } from './format';
import { useHost, useSignals } from './parts';
import { moment } from './when';

/** Files that are listed before one asks for more. */
const FIRST = 6;

/** The files of one side; `note` stands where there are none. */
export function Files(props: {
  model: DatumModel;
  side: Side;
  title: string;
  files: readonly IFile[];
  /** How many there are, of which `files` are the first. */
  total?: number;
  note?: React.ReactNode;
}): JSX.Element | null {
  const { trans } = useHost();
  const { model, side, title, files, note } = props;
  const [at, setAt] = React.useState(0);
  const [all, setAll] = React.useState(false);
  const total = props.total ?? files.length;
  const shown = Math.min(at, files.length - 1);
  if (!files.length) {
    return note ? (
      <section data-section={side}>
        <h2>{title}</h2>
        <p className="jp-datum-muted">{note}</p>
      </section>
    ) : null;
  }
  return (
    <section data-section={side}>
      <h2>
        {title}
        <span className="jp-datum-aside">
          {total > 1 ? (
            trans._n('1 file', '%2 files', total, count(total))
          ) : (
            <Open file={files[0]} />
          )}
        </span>
      </h2>
      {files.length > 1 ? (
        <div className="jp-datum-files-list" role="group" aria-label={title}>
          {files.slice(0, all ? files.length : FIRST).map((file, n) => (
            <Choice key={n} file={file} chosen={n === shown} onChoose={() => setAt(n)} />
          ))}
          {!all && files.length > FIRST ? (
            <button className="jp-datum-link" onClick={() => setAll(true)}>
              {trans._n('1 more', '%1 more', files.length - FIRST)}
            </button>
          ) : null}
          {all && total > files.length ? (
            <span className="jp-datum-muted">
              {trans.__('the first %1 of %2', count(files.length), count(total))}
            </span>
          ) : null}
        </div>
      ) : null}
      <Look key={`${side}/${shown}`} model={model} side={side} n={shown} file={files[shown]} />
    </section>
  );
}

function Choice(props: { file: IFile; chosen: boolean; onChoose: () => void }): JSX.Element {
  const { file, chosen, onChoose } = props;
  return (
    <span className="jp-datum-file-row">
      <button className="jp-datum-datum" aria-pressed={chosen} onClick={onChoose}>
        <bdi>
          {oneLine(file.name && file.name !== file.rel ? `${file.name}: ${file.rel}` : file.rel)}
        </bdi>
      </button>
      <Open file={file} />
    </span>
  );
}

/** Opens a file in JupyterLab, where it can. */
function Open(props: { file: IFile }): JSX.Element | null {
  const { commands, trans } = useHost();
  const { path, rel } = props.file;
  if (path === null) {
    return null;
  }
  return (
    <button
      className="jp-datum-link"
      aria-label={trans.__('Open %1', oneLine(rel))}
      onClick={() => void commands.execute(Commands.openFile, { path }).catch(() => undefined)}
    >
      {trans.__('open')}
    </button>
  );
}

type Answer = { found: IPreview | null; error: string | null };

/** What a file shows, read when it is first looked at and when the attempt changes. */
function useLook(model: DatumModel, side: Side, n: number): Answer | null {
  const [answer, setAnswer] = React.useState<Answer | null>(null);
  const id = model.datum?.id;
  const { shown } = model;
  const attempt = side === 'partial' ? shown : null;
  React.useEffect(() => {
    let wanted = true;
    setAnswer(null);
    model.preview(side, n).then(
      found => wanted && setAnswer({ found, error: null }),
      reason => wanted && setAnswer({ found: null, error: String(reason?.message ?? reason) })
    );
    return () => {
      wanted = false;
    };
  }, [model, id, side, n, attempt]);
  return answer;
}

function Look(props: { model: DatumModel; side: Side; n: number; file: IFile }): JSX.Element {
  const { trans } = useHost();
  const { model, side, n, file } = props;
  const answer = useLook(model, side, n);
  const found = answer?.found ?? null;
  return (
    <div className="jp-datum-look">
      {answer === null ? <div className="jp-datum-wait" aria-hidden="true" /> : null}
      {answer?.error ? <p className="jp-datum-muted">{oneLine(answer.error)}</p> : null}
      {found ? <Shown found={found} model={model} side={side} n={n} file={file} /> : null}
      <div className="jp-datum-small jp-datum-muted jp-datum-file-facts">
        <bdi>{oneLine(file.rel)}</bdi>
        {facts(trans, found, file).map(fact => (
          <span key={fact}>{fact}</span>
        ))}
        {found?.digest ? <code>{found.digest.slice(0, 16)} …</code> : null}
      </div>
      {found?.changed ? (
        <p className="jp-datum-changed">
          {side === 'row'
            ? trans.__('The table was changed since: the datum may have seen another row.')
            : trans.__('It was changed since: this is not what the datum saw.')}
        </p>
      ) : null}
    </div>
  );
}

function facts(
  trans: ReturnType<typeof useHost>['trans'],
  found: IPreview | null,
  file: IFile
): string[] {
  const size = found?.size ?? file.size;
  return [
    found?.pixels ? trans.__('%1 × %2', found.pixels[0], found.pixels[1]) : '',
    size === null ? '' : bytes(size),
    moment(found?.modified)
  ].filter(Boolean);
}

function Shown(props: {
  found: IPreview;
  model: DatumModel;
  side: Side;
  n: number;
  file: IFile;
}): JSX.Element | null {
  const { trans } = useHost();
  const { found, file } = props;
  const foreign = useRenderer(props);
  if (foreign) {
    return foreign;
  }
  if (found.kind === 'image' && found.data && found.mime?.startsWith('image/')) {
    return (
      <img
        className="jp-datum-picture"
        data-small={Math.max(...(found.pixels ?? [99])) < 96 ? 'true' : undefined}
        src={`data:${found.mime};base64,${found.data}`}
        alt={trans.__('Preview of %1', oneLine(file.rel))}
      />
    );
  }
  if (found.kind === 'table' && found.columns && found.rows) {
    return <Table columns={found.columns} rows={found.rows} more={found.more} />;
  }
  if (found.kind === 'record' && found.rows) {
    return <Record rows={found.rows} more={found.more} />;
  }
  if (found.kind === 'text' && found.text !== null) {
    return (
      <pre className="jp-datum-code jp-datum-head-of-file" tabIndex={0}>
        {visible(found.text)}
        {found.more ? '\n…' : ''}
      </pre>
    );
  }
  return found.why ? <p className="jp-datum-muted">{oneLine(found.why)}</p> : null;
}

/** The place for what another extension draws of the file; null: nobody does. */
function useRenderer(props: {
  found: IPreview;
  model: DatumModel;
  side: Side;
  n: number;
  file: IFile;
}): JSX.Element | null {
  const { renderers } = useHost();
  const { found, model, side, n, file } = props;
  useSignals(renderers?.changed as any);
  const node = React.useRef<HTMLDivElement>(null);
  const given = React.useMemo(
    () => datumFile(model, side, n, file, found),
    [model, side, n, file, found]
  );
  const renderer = given ? (renderers?.find(given) ?? null) : null;
  React.useEffect(() => {
    let gone = false;
    let drawn: { dispose(): void } | void;
    const { current } = node;
    if (renderer && given && current) {
      void renderer.render(given, current).then(
        made => {
          drawn = made;
          if (gone) {
            drawn?.dispose();
          }
        },
        reason => {
          current.textContent = oneLine(String(reason?.message ?? reason));
        }
      );
    }
    return () => {
      gone = true;
      drawn?.dispose();
    };
  }, [renderer, given]);
  return renderer ? <div className="jp-datum-rendered" ref={node} /> : null;
}

function datumFile(
  model: DatumModel,
  side: Side,
  n: number,
  file: IFile,
  found: IPreview
): IDatumFile | null {
  const id = model.datum?.id;
  if (!id || !found.mime) {
    return null;
  }
  return {
    project: model.project,
    run: model.run,
    datum: id,
    side: side === 'input' ? 'input' : 'output',
    name: file.name,
    rel: file.rel,
    size: found.size,
    mime: found.mime,
    path: file.path,
    bytes: async () => {
      const raw = await model.preview(side, n, true);
      return Uint8Array.from(atob(raw?.data ?? ''), one => one.charCodeAt(0)).buffer;
    }
  };
}

/** One row of a table, a column a line: a row may be wide, and the place here is not. */
function Record(props: { rows: string[][]; more: boolean }): JSX.Element {
  const { trans } = useHost();
  const { rows, more } = props;
  return (
    <div className="jp-datum-scroll" tabIndex={0} role="group" aria-label={trans.__('Row')}>
      <table className="jp-datum-preview" data-kind="record">
        <tbody>
          {rows.map(([name, value], at) => (
            <tr key={at}>
              <th scope="row">
                <bdi>{oneLine(name)}</bdi>
              </th>
              <td>
                <bdi>{visible(value)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more ? (
        <p className="jp-datum-small jp-datum-muted">{trans.__('There are more columns.')}</p>
      ) : null}
    </div>
  );
}

function Table(props: { columns: string[]; rows: string[][]; more: boolean }): JSX.Element {
  const { trans } = useHost();
  const { columns, rows, more } = props;
  return (
    <div className="jp-datum-scroll" tabIndex={0} role="group" aria-label={trans.__('First rows')}>
      <table className="jp-datum-preview">
        <thead>
          <tr>
            {columns.map((name, at) => (
              <th key={at} scope="col">
                <bdi>{oneLine(name)}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} data-number={/^-?[\d.,]+(e[+-]?\d+)?$/i.test(cell) || undefined}>
                  <bdi>{oneLine(cell)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more ? (
        <p className="jp-datum-small jp-datum-muted">
          {trans._n(
            'The first row; there is more.',
            'The first %1 rows; there is more.',
            rows.length
          )}
        </p>
      ) : null}
    </div>
  );
}
