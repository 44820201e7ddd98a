/** One datum: what went wrong, what it printed, what went in and came out, all attempts. */
import { ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { datumIcon } from '../icons';
import type { DatumModel } from '../models/datums';
import { Commands } from '../tokens';
import type { IAttempt, IDatum, IDatumDetail, IFile, State } from '../tokens';
import { bytes, clock, datumName, oneLine, span, stateWord, visible } from './format';
import { bindKeys } from './keys';
import { HistoryView, LineageView } from './origins';
import { Outputs } from './outputs';
import { CommandButton, HostContext, Note, StateWord, useHost, useSignals } from './parts';
import type { IHost } from './parts';

/** Milliseconds between two looks at a datum that has no outcome yet. */
const LOOK = 2000;

/** The widget in the main area, or in the one below in Notebook 7. */
export class DatumWidget extends ReactWidget {
  constructor(
    private readonly _host: IHost,
    readonly model: DatumModel
  ) {
    super();
    this.addClass('jp-datum-detail');
    this.title.icon = datumIcon;
    this.title.label = _host.trans.__('Datum');
    this.title.closable = true;
    this.node.setAttribute('role', 'region');
    bindKeys(this.node);
    this.node.setAttribute('aria-label', _host.trans.__('Datum'));
    model.changed.connect(this._retitle, this);
  }

  override dispose(): void {
    this.model.changed.disconnect(this._retitle, this);
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <HostContext.Provider value={this._host}>
        <DatumView model={this.model} />
      </HostContext.Provider>
    );
  }

  private _retitle(): void {
    const datum = this.model.datum ?? this.model.pending;
    if (datum) {
      const text = datumName(this._host.trans, datum);
      this.title.label = text.split('/').pop() || text;
      this.title.caption = text;
    }
  }
}

/** All of a datum. */
export function DatumView(props: { model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  useSignals(model.changed);
  const { datum, pending, error } = model;
  if (error) {
    return <Note>{oneLine(error)}</Note>;
  }
  if (pending) {
    return <Pending pending={pending} model={model} />;
  }
  if (!datum) {
    return <div className="jp-datum-detail-body">{trans.__('Reading …')}</div>;
  }
  const attempt = datum.attempts[model.attempt];
  return (
    <div className="jp-datum-detail-body">
      <Head name={datumName(trans, datum)} state={datum.state} model={model} />
      <Facts datum={datum} attempt={attempt} />
      {datum.attempts.length > 1 ? <Attempts datum={datum} model={model} /> : null}
      {attempt ? <Trouble attempt={attempt} /> : null}
      <Log model={model} />
      <Files title={trans.__('Input')} files={datum.inputs} />
      <Files title={trans.__('Output')} files={datum.outputs} />
      <Outputs outputs={model.outputs} />
      <Result datum={datum} />
      <LineageView model={model} />
      <HistoryView model={model} />
    </div>
  );
}

/** One that has no outcome yet; it is looked at again while somebody looks. */
function Pending(props: { pending: IDatum; model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { pending, model } = props;
  const { worker, began, position, state } = pending;
  React.useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) {
        void model.openAt(position);
      }
    }, LOOK);
    return () => window.clearInterval(timer);
  }, [model, position]);
  return (
    <div className="jp-datum-detail-body">
      <Head name={datumName(trans, pending)} state={state} model={model} />
      <p>
        {worker && began
          ? trans.__('%1 has been at it for %2.', oneLine(worker), clock(Date.now() / 1000 - began))
          : trans.__('It has not run yet.')}
      </p>
    </div>
  );
}

function Head(props: { name: string; state: State; model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { name, state, model } = props;
  const { project, run } = model;
  const { datum } = model;
  const id = datum?.id;
  return (
    <div className="jp-datum-detail-head">
      <h1>
        <StateWord state={state} word={stateWord(trans, state)} />
        <bdi className="jp-datum-key">{name}</bdi>
      </h1>
      <div className="jp-datum-actions">
        {state === 'failed' && id ? (
          <CommandButton
            command={Commands.retryDatum}
            args={{ project, run, datum: id }}
            icon="retry"
            kind="bad"
            label={trans.__('Retry 1')}
          />
        ) : null}
        <CommandButton
          command={Commands.previousFailure}
          args={{ project, run }}
          icon="left"
          label={trans.__('Previous failure')}
        />
        <CommandButton
          command={Commands.nextFailure}
          args={{ project, run }}
          icon="right"
          label={trans.__('Next failure')}
        />
        <CommandButton
          command={Commands.copyId}
          args={{ text: name }}
          icon="copy"
          kind="icon"
          label={trans.__('Copy the name of the datum')}
        />
      </div>
    </div>
  );
}

function Facts(props: { datum: IDatumDetail; attempt?: IAttempt }): JSX.Element {
  const { trans } = useHost();
  const { datum, attempt } = props;
  const worker = attempt?.worker ?? datum.worker;
  const facts: [string, string][] = [
    [trans.__('Place'), String(datum.position + 1)],
    [trans.__('Took'), datum.seconds === null ? '' : span(datum.seconds)],
    [trans.__('Attempts'), String(Math.max(datum.attempt, datum.attempts.length))],
    [trans.__('Worker'), worker ? oneLine(worker) : ''],
    [trans.__('Began'), datum.began ? new Date(datum.began * 1000).toLocaleString() : '']
  ];
  return (
    <dl className="jp-datum-facts">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Attempts(props: { datum: IDatumDetail; model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { datum, model } = props;
  return (
    <div className="jp-datum-attempts" role="group" aria-label={trans.__('Attempts')}>
      {datum.attempts.map((attempt, at) => (
        <button
          key={`${attempt.run}/${attempt.attempt}`}
          className="jp-datum-button"
          aria-pressed={at === model.attempt}
          onClick={() => void model.choose(at)}
        >
          <StateWord state={attempt.state} word={trans.__('attempt %1', attempt.attempt)} />
        </button>
      ))}
    </div>
  );
}

function Trouble(props: { attempt: IAttempt }): JSX.Element | null {
  const { trans } = useHost();
  const { attempt } = props;
  if (!attempt.message && !attempt.traceback) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('What went wrong')}</h2>
      {attempt.message ? (
        <p className="jp-datum-message">
          {oneLine(attempt.message)}
          {attempt.place ? (
            <span className="jp-datum-muted"> · {oneLine(attempt.place)}</span>
          ) : null}
        </p>
      ) : null}
      {attempt.traceback ? (
        <pre className="jp-datum-code" tabIndex={0} data-part="traceback">
          {visible(attempt.traceback)}
        </pre>
      ) : null}
    </section>
  );
}

function Log(props: { model: DatumModel }): JSX.Element | null {
  const { trans } = useHost();
  const { log } = props.model;
  if (!log?.text) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('What it printed')}</h2>
      {log.cut ? (
        <p className="jp-datum-muted">
          {trans.__('The end of %1; more was printed before.', bytes(log.size))}
        </p>
      ) : null}
      <pre className="jp-datum-code" tabIndex={0} data-part="log">
        {visible(log.text)}
      </pre>
    </section>
  );
}

function Files(props: { title: string; files: IFile[] }): JSX.Element | null {
  const { title, files } = props;
  if (!files.length) {
    return null;
  }
  return (
    <section>
      <h2>{title}</h2>
      <ul className="jp-datum-files">
        {files.map(file => (
          <li key={`${file.name}/${file.rel}`}>
            <FileName file={file} />
            <span className="jp-datum-muted">{file.size === null ? '' : bytes(file.size)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function FileName(props: { file: IFile }): JSX.Element {
  const { commands } = useHost();
  const { path, rel } = props.file;
  const text = oneLine(rel);
  if (path === null) {
    return <bdi>{text}</bdi>;
  }
  return (
    <button
      className="jp-datum-link"
      onClick={() => void commands.execute(Commands.openFile, { path }).catch(() => undefined)}
    >
      <bdi>{text}</bdi>
    </button>
  );
}

function Result(props: { datum: IDatumDetail }): JSX.Element | null {
  const { trans } = useHost();
  const { result, metrics } = props.datum;
  const measured =
    metrics === null || metrics === undefined
      ? ''
      : typeof metrics === 'string'
        ? metrics
        : Object.entries(metrics)
            .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
            .join('\n');
  if (!result && !measured) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Result')}</h2>
      {result ? <pre className="jp-datum-code">{visible(result)}</pre> : null}
      {measured ? <pre className="jp-datum-code">{visible(measured)}</pre> : null}
    </section>
  );
}
