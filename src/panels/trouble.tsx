/** What went wrong: the error, the user's own code round it, and everything else folded. */
import React from 'react';

import { Icon } from '../icons';
import type { DatumModel } from '../models/datum';
import { Commands } from '../tokens';
import type { IAttempt, IBlock, ICode, IFrame } from '../tokens';
import { bytes, count, oneLine, visible } from './format';
import { useHost } from './parts';
import { pieces } from './python';

/** The type of an error, and what it says: of the last line of a traceback, or its message. */
function errorOf(attempt: IAttempt, code: ICode | null): [string, string] {
  const message = attempt.message ?? '';
  const last = code?.blocks[code.blocks.length - 1]?.error ?? lastLine(attempt, message);
  const type = /^[\w.]+$/.exec(last)?.[0] ?? /^([\w.]+):/.exec(last)?.[1] ?? '';
  return [type, message.replace(/\s+$/, '')];
}

/** The line of a traceback that names the error: its message may have several. */
function lastLine(attempt: IAttempt, message: string): string {
  const text = (attempt.traceback ?? '').trimEnd();
  const first = message.split('\n')[0];
  return (
    text.split('\n').find(line => first && /^[\w.]+: /.test(line) && line.endsWith(first)) ?? ''
  );
}

/** The error as a box. */
export function ErrorBox(props: { attempt: IAttempt; code: ICode | null }): JSX.Element | null {
  const { trans } = useHost();
  const { attempt, code } = props;
  if (!attempt.message && !attempt.traceback) {
    return null;
  }
  const [type, message] = errorOf(attempt, code);
  return (
    <div className="jp-datum-error" role="group" aria-label={trans.__('What went wrong')}>
      {type ? <strong>{type}: </strong> : null}
      <span>{visible(message) || trans.__('no message')}</span>
    </div>
  );
}

/** Frames of the user's own code with their lines; those of packages in one line. */
export function YourCode(props: { model: DatumModel; attempt: IAttempt }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { model, attempt } = props;
  const { code } = model;
  if (!attempt.traceback) {
    return null;
  }
  const blocks = code?.blocks ?? [];
  const copy = () =>
    void commands
      .execute(Commands.copyId, { text: visible(attempt.traceback ?? '') })
      .catch(() => undefined);
  return (
    <section data-section="your-code">
      <h2>
        {trans.__('Your code')}
        <span className="jp-datum-aside">
          {code?.notebook ? <bdi>{oneLine(code.notebook.split('/').pop() ?? '')}</bdi> : null}
        </span>
      </h2>
      {blocks.slice(0, -1).map((block, at) => (
        <Cause key={at} block={block} />
      ))}
      {blocks.length ? <Frames block={blocks[blocks.length - 1]} /> : null}
      {model.ready ? <Whole text={attempt.traceback} blocks={blocks} onCopy={copy} /> : null}
    </section>
  );
}

/** The frames of one exception that are the user's, nearest to the failure last. */
function Frames(props: { block: IBlock }): JSX.Element {
  const own = props.block.frames.filter(frame => frame.package === null && frame.where !== 'cut');
  return (
    <>
      {own.map((frame, at) => (
        <Frame key={at} frame={frame} />
      ))}
    </>
  );
}

/** An exception while which another one came up. */
function Cause(props: { block: IBlock }): JSX.Element {
  const { trans } = useHost();
  return (
    <details className="jp-datum-cause">
      <summary>{trans.__('It came up while handling %1', oneLine(props.block.error))}</summary>
      <Frames block={props.block} />
    </details>
  );
}

function Frame(props: { frame: IFrame }): JSX.Element {
  const { trans, commands } = useHost();
  const { frame } = props;
  const { path, line, first } = frame;
  const name =
    frame.where === 'cell'
      ? trans.__('the cell')
      : frame.where === 'notebook'
        ? trans.__('another cell')
        : oneLine(frame.name);
  const open = () => void commands.execute(Commands.openFile, { path }).catch(() => undefined);
  return (
    <div className="jp-datum-frame">
      <div className="jp-datum-frame-head">
        {path === null ? (
          <bdi>{name}</bdi>
        ) : (
          <button className="jp-datum-link" onClick={open}>
            <bdi>{name}</bdi>
          </button>
        )}
        <span className="jp-datum-muted">
          {frame.function
            ? trans.__('line %1, in %2', count(line), oneLine(frame.function))
            : trans.__('line %1', count(line))}
          {frame.edited ? ` · ${trans.__('the file was edited since')}` : ''}
        </span>
      </div>
      {frame.lines.length ? (
        <div className="jp-datum-source-lines" tabIndex={0} role="group" aria-label={name}>
          {frame.lines.map((text, at) => (
            <Line key={at} n={first + at} text={text} hit={first + at === line} />
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Line(props: { n: number; text: string; hit: boolean }): JSX.Element {
  const { trans } = useHost();
  const { n, text, hit } = props;
  return (
    <div className="jp-datum-source-line" data-hit={hit ? 'true' : undefined}>
      <span className="jp-datum-source-number">
        {n}
        {hit ? <span className="jp-datum-unseen">{trans.__('failed here')}</span> : null}
      </span>
      <code>
        {pieces(visible(text)).map(([piece, kind], at) =>
          kind ? (
            <span key={at} data-kind={kind}>
              {piece}
            </span>
          ) : (
            piece
          )
        )}
      </code>
    </div>
  );
}

/** The whole traceback, folded; what is in it besides the user's code is said in a line. */
function Whole(props: { text: string; blocks: IBlock[]; onCopy: () => void }): JSX.Element {
  const { trans } = useHost();
  const { text, blocks, onCopy } = props;
  const [open, setOpen] = React.useState(blocks.length === 0);
  return (
    <>
      <div className="jp-datum-frames-rest">
        <button className="jp-datum-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} />
          {otherFrames(trans, blocks) || trans.__('Whole traceback')}
        </button>
        <span className="jp-datum-grow" />
        <button className="jp-datum-link" onClick={onCopy}>
          {trans.__('Copy traceback')}
        </button>
      </div>
      {open ? (
        <pre className="jp-datum-code" tabIndex={0} data-part="traceback">
          {visible(text)}
        </pre>
      ) : null}
    </>
  );
}

/** `4 frames in rasterio, 2 in the runner` */
function otherFrames(trans: ReturnType<typeof useHost>['trans'], blocks: IBlock[]): string {
  const counts = new Map<string, number>();
  for (const frame of blocks.flatMap(block => block.frames)) {
    if (frame.where === 'cut') {
      counts.set('', (counts.get('') ?? 0) + frame.skipped);
    } else if (frame.package !== null) {
      counts.set(frame.package, (counts.get(frame.package) ?? 0) + 1);
    }
  }
  const words: Record<string, string> = {
    '': trans.__('frames that were left out'),
    jupyter_datum: trans.__('the runner'),
    python: trans.__('Python itself')
  };
  return [...counts]
    .map(([name, n], at) =>
      at === 0
        ? trans._n('1 frame in %2', '%1 frames in %2', n, words[name] ?? oneLine(name))
        : trans.__('%1 in %2', count(n), words[name] ?? oneLine(name))
    )
    .join(', ');
}

/** What the attempt printed, or, of one at work, what it prints. */
export function Log(props: { model: DatumModel }): JSX.Element | null {
  const { trans } = useHost();
  const { log, shown, printing } = props.model;
  const found = printing ?? log;
  const box = React.useRef<HTMLPreElement>(null);
  const live = printing !== null;
  React.useLayoutEffect(() => {
    if (live && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [live, found?.text]);
  if (!found?.text) {
    return null;
  }
  const of = live
    ? trans.__('%1 up to now', bytes(found.size))
    : trans.__('%1, attempt %2', bytes(found.size), shown?.attempt ?? 1);
  return (
    <section>
      <h2>
        {trans.__('What it printed')}
        <span className="jp-datum-aside">{of}</span>
      </h2>
      {found.cut ? (
        <p className="jp-datum-muted">
          {trans.__('The end of %1; more was printed before.', bytes(found.size))}
        </p>
      ) : null}
      {printing && !printing.exact ? (
        <p className="jp-datum-muted">
          {trans.__('The beginning may be of datums that its worker had before.')}
        </p>
      ) : null}
      <pre className="jp-datum-code jp-datum-log" tabIndex={0} data-part="log" ref={box}>
        {visible(found.text)}
      </pre>
    </section>
  );
}
