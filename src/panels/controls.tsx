/** Parts of forms: a row with its name, choices beside each other, a slider. */
import React from 'react';

import { Icon } from '../icons';

/** A name and what it is the name of; with a lock where that cannot be changed now. */
export function Field(props: {
  name: string;
  /** Why it can't be changed now. */
  locked?: string | null;
  children: (id: string) => React.ReactNode;
}): JSX.Element {
  const { name, locked, children } = props;
  const id = React.useId();
  return (
    <div
      className="jp-datum-field"
      data-locked={locked ? true : undefined}
      title={locked ?? undefined}
    >
      <span className="jp-datum-field-name" id={id}>
        {name}
      </span>
      <div className="jp-datum-field-value">
        {children(id)}
        {locked ? (
          <span className="jp-datum-lock" role="img" aria-label={locked}>
            <Icon name="lock" />
          </span>
        ) : null}
      </div>
    </div>
  );
}

/** One of several, or several of them. */
export interface IChoice<T extends string> {
  value: T;
  label: string;
  /** Of how many, in short; the title says it in full. */
  many?: string;
  title?: string;
  on: boolean;
}

/** Choices beside each other: real boxes or radio buttons, so that keys and readers know them. */
export function Choices<T extends string>(props: {
  by: string;
  kind: 'radio' | 'checkbox';
  choices: readonly IChoice<T>[];
  disabled?: boolean;
  onChoose: (value: T) => void;
}): JSX.Element {
  const { by, kind, choices, disabled, onChoose } = props;
  const name = React.useId();
  return (
    <div
      className="jp-datum-choices"
      role={kind === 'radio' ? 'radiogroup' : 'group'}
      aria-labelledby={by}
    >
      {choices.map(({ value, label, many, title, on }) => (
        <label key={value} title={title} data-on={on}>
          <input
            type={kind}
            name={name}
            checked={on}
            disabled={disabled}
            onChange={() => onChoose(value)}
          />
          <span>
            {label}
            {many ? <small>{` ${many}`}</small> : null}
          </span>
        </label>
      ))}
    </div>
  );
}

/** Milliseconds of rest after which a moved slider is taken at its word. */
const REST = 300;

/** A slider that says its value once it rests; `after` stands beside it, for the value shown. */
export function Slider(props: {
  by: string;
  value: number;
  most: number;
  text: (value: number) => string;
  disabled?: boolean;
  after?: (value: number) => React.ReactNode;
  onRest: (value: number) => void;
}): JSX.Element {
  const { by, value, most, text, disabled, after, onRest } = props;
  const [moved, move] = React.useState<number | null>(null);
  const timer = React.useRef(0);
  React.useEffect(() => () => window.clearTimeout(timer.current), []);
  React.useEffect(() => move(null), [value]);
  const shown = moved ?? value;
  const part = most > 1 ? ((Math.min(shown, most) - 1) / (most - 1)) * 100 : 100;
  return (
    <>
      <input
        className="jp-datum-slider"
        type="range"
        min={1}
        max={Math.max(1, most)}
        step={1}
        value={Math.min(shown, most)}
        disabled={disabled || most <= 1}
        aria-labelledby={by}
        aria-valuetext={text(shown)}
        style={{ '--jp-datum-part': `${part}%` } as React.CSSProperties}
        onChange={event => {
          const next = Number(event.target.value);
          move(next);
          window.clearTimeout(timer.current);
          timer.current = window.setTimeout(() => onRest(next), REST);
        }}
      />
      {after?.(shown)}
    </>
  );
}

/** A small field for text that is taken when it is left, or by Enter. */
export function Entry(props: {
  by: string;
  value: string;
  hint?: string;
  disabled?: boolean;
  /** Why the text can't be taken; null: it can. */
  wrong?: (text: string) => string | null;
  onEnter: (text: string) => void;
}): JSX.Element {
  const { by, value, hint, disabled, wrong, onEnter } = props;
  const [typed, type] = React.useState<string | null>(null);
  const text = typed ?? value;
  const why = typed !== null && text ? (wrong?.(text.trim()) ?? null) : null;
  const take = () => {
    if (typed !== null && !why) {
      type(null);
      if (text.trim() !== value) {
        onEnter(text.trim());
      }
    }
  };
  return (
    <input
      className="jp-datum-entry"
      type="text"
      spellCheck={false}
      value={text}
      placeholder={hint}
      disabled={disabled}
      aria-labelledby={by}
      aria-invalid={why ? true : undefined}
      title={why ?? undefined}
      onChange={event => type(event.target.value)}
      onBlur={take}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          take();
        } else if (event.key === 'Escape' && typed !== null) {
          type(null);
          event.stopPropagation();
        }
      }}
    />
  );
}
