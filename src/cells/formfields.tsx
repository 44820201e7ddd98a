/** The fields of the form that marks a cell: how the cell stands, and a text each. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FieldProps } from '@rjsf/utils';
import React from 'react';

import type { EnginesModel } from '../models/engines';
import type { InputCount } from '../models/inputcount';
import { isName } from '../models/marks';
import type { MarkCheck } from '../models/markcheck';
import { count, countWord, oneLine } from '../panels/format';
import { CommandButton, useHost, useSignals } from '../panels/parts';
import type { IEngines } from '../tokens';
import { Commands } from '../tokens';
import type { IFormOptions } from './form';

/** Milliseconds without a key after which what was typed is taken. */
const REST = 800;

/** What a mistake begins with that is told of a line: at a field its label stands for it. */
const FLAG = /^--?[a-z][a-z-]* (?=.*: )/;

/** What the fields of one form share. */
interface IShared {
  check: MarkCheck;
  count: InputCount;
  engines: Pick<EnginesModel, 'changed' | 'known' | 'look'>;
  /** An input is being typed. */
  typed: (input: unknown) => void;
}

/** The form is made for each cell, whether the property inspector is open or not. */
export function StateField(props: IFormOptions & IShared): JSX.Element {
  const { check, count: counted } = props;
  const field = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const see = (seen: boolean) => {
      check.see(seen);
      counted.see(seen);
    };
    const observer = new IntersectionObserver(entries =>
      see(entries.some(entry => entry.isIntersecting))
    );
    if (field.current) {
      observer.observe(field.current);
    }
    return () => {
      observer.disconnect();
      see(false);
    };
  }, [check, counted]);
  return (
    <div ref={field}>
      <CellState {...props} />
    </div>
  );
}

/** How the cell stands: no transform yet, its line, its latest run, or the mistake. */
function CellState(props: IFormOptions & IShared): JSX.Element {
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
      <div className="jp-datum-form-state" data-alone="true">
        <p>
          {trans.__('%1 is marked by its first line: what a form would ask stands there.', name)}
        </p>
      </div>
    );
  }
  const { mistake } = check;
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
export function TextField(props: { field: FieldProps } & IShared): JSX.Element {
  const { trans } = useHost();
  const { check, count: counted, engines, typed, field } = props;
  const { formData, onChange, name, schema, idSchema } = field;
  useSignals(check.changed, counted.changed, engines.changed);
  const given = written(formData);
  const [text, setText] = React.useState(given);
  const [before, setBefore] = React.useState(given);
  if (given !== before) {
    // While it is drawn, not by an effect: that of the first drawing took what was typed by then.
    setBefore(given);
    setText(given);
  }
  const timer = React.useRef(0);
  const option = name.split('/').pop() ?? '';
  const take = (value: string) => {
    window.clearTimeout(timer.current);
    if (value !== given && !(option === 'name' && wrongName(trans, value))) {
      onChange(value.trim() ? read(value) : undefined); // an empty one is taken away
    }
  };
  React.useEffect(() => () => window.clearTimeout(timer.current), []);
  const isInput = option === 'input';
  const named = option === 'engine' ? text.trim() : '';
  React.useEffect(() => {
    if (named) {
      engines.look(); // at once for the minute in which they are known
    }
  }, [engines, named]);
  const mistake =
    (option === 'name' ? wrongName(trans, text) : null) ??
    check.mistakeAt(option)?.replace(FLAG, '') ??
    (isInput ? (counted.told?.mistake ?? null) : null);
  const id = idSchema?.$id ?? name;
  return (
    <div
      className="jp-datum-form-text"
      data-option={option}
      data-mistake={mistake ? true : undefined}
    >
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
          if (isInput) {
            typed(value.trim() ? read(value) : undefined);
          }
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
      {isInput ? <Counted counted={counted} /> : null}
      {option === 'engine' ? (
        <Muted word={foreignEngine(trans, named, engines.known)} place={false} />
      ) : null}
    </div>
  );
}

/** How many datums the input has that is being typed. */
function Counted(props: { counted: InputCount }): JSX.Element {
  const { trans } = useHost();
  const { told, busy } = props.counted;
  const words = {
    kernel: trans.__('Only the kernel knows how many datums that is: Plan tells.'),
    far: trans.__('That lies far away and is not counted while you type: Plan tells.'),
    line: '' // metadata have none
  };
  const word = busy
    ? trans.__('counting …')
    : told?.why
      ? words[told.why]
      : told && told.count !== null
        ? countWord(trans, told.count, told.whole)
        : '';
  return <Muted word={word} place={true} />;
}

/** What is told below a field and is no mistake; `place`: whether its line is kept free for it. */
function Muted(props: { word: string; place: boolean }): JSX.Element {
  const { word, place } = props;
  const shown = 'jp-datum-form-count jp-datum-muted';
  return (
    <div className={word || place ? shown : undefined} role="status">
      {word}
    </div>
  );
}

/** What is wrong with a name while it is typed: one that is no name is not taken. */
function wrongName(trans: TranslationBundle, text: string): string | null {
  const name = text.trim();
  return !name || isName(name)
    ? null
    : trans.__(
        'A name has letters, digits and _, no space, and no digit first, as in my_thumbs: not %1',
        JSON.stringify(name)
      );
}

/** That an engine's name is none which the notebook's Python knows: its kernel may, of a client. */
function foreignEngine(trans: TranslationBundle, name: string, known: IEngines | null): string {
  const names = known?.engines.map(engine => engine.name) ?? [];
  // An address, a backend, a `$NAME`: these have more to them than a name.
  return !/^[\w.-]+$/.test(name) || names.length === 0 || known?.problem || names.includes(name)
    ? ''
    : trans.__(
        'No engine has this name, so it must be a cluster of the kernel. Engines: %1',
        names.join(', ')
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
