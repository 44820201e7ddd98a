/** One datum: what went wrong, in which code, what went in and came out, all attempts. */
import React from 'react';

import { datumIcon } from '../icons';
import type { DatumModel } from '../models/datum';
import type { RunModel } from '../models/run';
import type { IDatum, IDatumDetail, IFile, IGroup } from '../tokens';
import { Attempts, Timing } from './attempts';
import { Head } from './datumhead';
import { clock, datumName, oneLine, visible } from './format';
import { bindKeys } from './keys';
import { HistoryView, LineageView } from './origins';
import { Outputs } from './outputs';
import { Note, useHost, useSignals } from './parts';
import type { IHost } from './parts';
import { Files } from './preview';
import { Seen } from './seen';
import { ShownWidget } from './shown';
import { ErrorBox, Log, YourCode } from './trouble';

/** Milliseconds between two looks at a datum that has no outcome yet. */
const LOOK = 2000;

export { DatumModel, keepFresh } from '../models/datum';

/** The widget in the main area, or in the one below in Notebook 7. */
export class DatumWidget extends ShownWidget {
  constructor(
    host: IHost,
    readonly model: DatumModel
  ) {
    super(host);
    this.addClass('jp-datum-detail');
    this.title.icon = datumIcon;
    this.title.label = host.trans.__('Datum');
    this.title.closable = true;
    bindKeys(this.node);
    model.changed.connect(this._retitle, this);
  }

  override dispose(): void {
    this.model.changed.disconnect(this._retitle, this);
    super.dispose();
  }

  protected view(): JSX.Element {
    return <DatumView model={this.model} />;
  }

  private _retitle(): void {
    const datum = this.model.datum ?? this.model.pending;
    if (datum) {
      const text = datumName(this.host.trans, datum);
      this.title.label = text.split('/').pop() || text;
      this.title.caption = text;
    }
  }
}

interface IDatumProps {
  model: DatumModel;
  /** Its run, where that is followed. */
  run?: RunModel;
}

/** All of a datum. */
export function DatumView(props: IDatumProps): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  useSignals(model.changed);
  const { datum, pending, error } = model;
  if (error) {
    return <Note>{oneLine(error)}</Note>;
  }
  if (pending) {
    return <Pending {...props} pending={pending} />;
  }
  if (!datum) {
    return <div className="jp-datum-detail-body">{trans.__('Reading …')}</div>;
  }
  return <Detail {...props} datum={datum} />;
}

/** What happened on the left; what went in, what came out and how it went on the right. */
function Detail(props: IDatumProps & { datum: IDatumDetail }): JSX.Element {
  const { trans } = useHost();
  const { datum, model, run } = props;
  const { shown } = model;
  const group = run?.groups.find(one => one.id === datum.group) ?? null;
  const counts = shown && run && shown.run === run.uuid ? run.counts : null;
  return (
    <div className="jp-datum-detail-body">
      <Head model={model} run={run} datum={datum} />
      <div className="jp-datum-columns">
        <div className="jp-datum-column">
          {shown ? <ErrorBox attempt={shown} code={model.code} /> : null}
          {shown ? (
            <YourCode key={`${shown.run}/${shown.attempt}`} model={model} attempt={shown} />
          ) : null}
          <Log model={model} />
          <Outputs outputs={model.outputs} failed={shown?.state === 'failed'} />
          {datum.state === 'failed' ? null : <Result datum={datum} />}
          <Seen datum={datum} model={model} />
        </div>
        <div className="jp-datum-column" data-side="right">
          <Files
            key={`row ${datum.id}`}
            model={model}
            side="row"
            title={trans.__('Row')}
            files={datum.table ? [datum.table] : []}
          />
          <Files
            key={`in ${datum.id}`}
            model={model}
            side="input"
            title={trans.__('Input')}
            files={datum.inputs}
            total={datum.files?.[0]}
            note={datum.item ? <code>{visible(datum.item)}</code> : null}
          />
          <Attempts
            key={`a ${datum.id}`}
            datum={datum}
            model={model}
            group={group as IGroup | null}
            workers={run && datum.run === run.uuid ? (run.counts?.workers ?? null) : null}
          />
          <Made datum={datum} model={model} />
          {shown ? <Timing attempt={shown} counts={counts} /> : null}
        </div>
      </div>
      <LineageView model={model} />
      <HistoryView model={model} />
    </div>
  );
}

/** What came out, and, of an attempt that failed, what it had written until then. */
function Made(props: { datum: IDatumDetail; model: DatumModel }): JSX.Element {
  const { trans } = useHost();
  const { datum, model } = props;
  const partial = (model.shown?.partial ?? []).map(partialFile);
  const failed = datum.state === 'failed';
  const none = failed ? trans.__('Nothing was published.') : null;
  return (
    <>
      {partial.length ? (
        <Files
          key={`part ${datum.id} ${model.attempt}`}
          model={model}
          side="partial"
          title={trans.__('Output until it failed')}
          files={partial}
        />
      ) : null}
      <Files
        key={`out ${datum.id}`}
        model={model}
        side="output"
        title={
          failed && datum.outputs.length
            ? trans.__('Output of its last success')
            : trans.__('Output')
        }
        files={datum.outputs}
        total={datum.files?.[1]}
        note={partial.length ? null : none}
      />
      {failed ? <Result datum={datum} /> : null}
    </>
  );
}

function partialFile(rel: string): IFile {
  return { name: '', rel, size: null, path: null };
}

/** One that has no outcome yet; it is looked at again while somebody looks. */
function Pending(props: IDatumProps & { pending: IDatum }): JSX.Element {
  const { trans } = useHost();
  const { pending, model } = props;
  const { worker, began, position } = pending;
  React.useEffect(() => {
    let here = true;
    let timer = 0;
    const look = async () => {
      if (!document.hidden) {
        await model.openAt(position); // the next one only after it: a slow server gets no queue
      }
      if (here) {
        timer = window.setTimeout(() => void look(), LOOK);
      }
    };
    timer = window.setTimeout(() => void look(), LOOK);
    return () => {
      here = false;
      window.clearTimeout(timer);
    };
  }, [model, position]);
  return (
    <div className="jp-datum-detail-body">
      <Head model={model} datum={pending} />
      <p className="jp-datum-now">
        {worker && began
          ? trans.__('%1 has been at it for %2.', oneLine(worker), clock(Date.now() / 1000 - began))
          : trans.__('It has not run yet.')}
      </p>
      <Log model={model} />
    </div>
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
      <h2>
        {props.datum.state === 'failed'
          ? trans.__('Result of its last success')
          : trans.__('Result')}
      </h2>
      {result ? <pre className="jp-datum-code">{visible(result)}</pre> : null}
      {measured ? <pre className="jp-datum-code">{visible(measured)}</pre> : null}
    </section>
  );
}
