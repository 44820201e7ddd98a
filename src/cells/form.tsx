/** The fields of the form in the property inspector that marks a cell as a transform. */
import type { FieldProps } from '@rjsf/utils';
import React from 'react';

import { MarkCheck } from '../models/markcheck';
import type { PanelModel } from '../models/panel';
import { count, oneLine } from '../panels/format';
import { CommandButton, HostContext, useHost, useSignals } from '../panels/parts';
import type { IHost } from '../panels/parts';
import type { Requests } from '../requests';
import { Commands } from '../tokens';
import type { ThisCell } from './thiscell';

/** Milliseconds without a key after which what was typed is taken. */
const REST = 800;

/** What the fields are made with. */
export interface IFormOptions {
  host: IHost;
  requests: Pick<Requests, 'mark'>;
  panel: PanelModel;
  cell: ThisCell;
}

/** The fields of one page's form, by what the schema calls them. */
export interface IFields {
  Text: (props: FieldProps) => JSX.Element;
  State: () => JSX.Element;
}

/** Make the fields that the schema names. */
export function fieldsOf(options: IFormOptions): IFields {
  const { cell, host } = options;
  const check = new MarkCheck(options.requests);
  const look = () => check.look(cell.metadata);
  cell.changed.connect(look);
  look();
  const inHost = (field: JSX.Element) => (
    <HostContext.Provider value={host}>{field}</HostContext.Provider>
  );
  return {
    Text: props => inHost(<TextField field={props} check={check} />),
    State: () => inHost(<StateField {...options} check={check} />)
  };
}

/** The form is made for each cell, whether the property inspector is open or not. */
function StateField(props: IFormOptions & { check: MarkCheck }): JSX.Element {
  const { check } = props;
  const field = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const observer = new IntersectionObserver(entries =>
      check.see(entries.some(entry => entry.isIntersecting))
    );
    if (field.current) {
      observer.observe(field.current);
    }
    return () => {
      observer.disconnect();
      check.see(false);
    };
  }, [check]);
  return (
    <div ref={field}>
      <CellState {...props} />
    </div>
  );
}

/** How the cell stands: no transform yet, its line, its latest run, or the mistake. */
function CellState(props: IFormOptions & { check: MarkCheck }): JSX.Element {
  const { trans } = useHost();
  const { cell, panel, check } = props;
  useSignals(cell.changed, panel.changed, check.changed);
  const { name, run } = cell;
  if (name === null) {
    return (
      <div className="jp-datum-form-state">
        <p className="jp-datum-muted">
          {trans.__('This cell is no transform. It becomes one as soon as it has a name.')}
        </p>
      </div>
    );
  }
  if (!cell.marked) {
    return (
      <div className="jp-datum-form-state">
        <p>{trans.__('%1 is marked by its first line, which stands over this form.', name)}</p>
      </div>
    );
  }
  const mistake = check.mistakeAt(null);
  return (
    <div className="jp-datum-form-state">
      {mistake ? <p role="alert">{oneLine(mistake)}</p> : null}
      {check.answer?.line ? <code>{oneLine(`%%datum ${check.answer.line}`)}</code> : null}
      <p className="jp-datum-muted">
        {run
          ? trans._n(
              '1 datum in run %3',
              '%2 datums in run %3',
              run.total,
              count(run.total),
              run.id
            )
          : trans.__('It has not run yet.')}
      </p>
      <div className="jp-datum-actions">
        <CommandButton
          command={Commands.plan}
          args={{ name }}
          icon="file"
          label={trans.__('Plan')}
          title={trans.__('How many datums there are, and what would run; nothing runs')}
        />
        <CommandButton command={Commands.unmarkCell} label={trans.__('Unmark')} />
      </div>
    </div>
  );
}

/** A text; a value of another kind is shown as JSON, and stays what it is until it is edited. */
function TextField(props: { field: FieldProps; check: MarkCheck }): JSX.Element {
  const { check, field } = props;
  const { formData, onChange, name, schema, idSchema } = field;
  useSignals(check.changed);
  const given = written(formData);
  const [text, setText] = React.useState(given);
  const timer = React.useRef(0);
  React.useEffect(() => setText(given), [given]);
  const take = (value: string) => {
    window.clearTimeout(timer.current);
    if (value !== given) {
      onChange(value.trim() ? read(value) : undefined); // an empty one is taken away
    }
  };
  React.useEffect(() => () => window.clearTimeout(timer.current), []);
  const mistake = check.mistakeAt(name.split('/').pop() ?? '');
  const id = idSchema?.$id ?? name;
  return (
    <div className="jp-datum-form-text" data-mistake={mistake ? true : undefined}>
      <label htmlFor={id}>{schema.title}</label>
      <input
        className="form-control"
        id={id}
        placeholder={schema.description}
        title={schema.description}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={mistake ? `${id}-note` : undefined}
        value={text}
        spellCheck={false}
        onChange={event => {
          const { value } = event.target;
          setText(value);
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(() => take(value), REST);
        }}
        onBlur={() => take(text)}
        onKeyDown={event => event.key === 'Enter' && take(text)}
      />
      {mistake ? (
        <div id={`${id}-note`} className="jp-datum-form-mistake" role="alert">
          {oneLine(mistake)}
        </div>
      ) : null}
    </div>
  );
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

/** An input may be written as JSON; all else is a text, which the option reads by itself. */
function read(text: string): unknown {
  const trimmed = text.trim();
  if (/^\{\s*"/.test(trimmed)) {
    try {
      return JSON.parse(trimmed);
    } catch {
      return trimmed; // not whole yet: the server says what is wrong with it
    }
  }
  return trimmed;
}
