/** The filter box: words that must all hold, each a chip once it is written. */
import React from 'react';

import { Icon } from '../../icons';
import { beginning, OFFERED, quoted, whole, withoutWord, words } from '../../models/words';
import type { TableModel } from '../../models/table';
import { count, oneLine } from '../../panels/format';
import { byState, useHost } from '../../panels/parts';
import { STATES } from '../../tokens';

/** Milliseconds after the last key until what is typed is looked for. */
const PAUSE = 300;
/** Workers and metrics that are offered. */
const MOST = 8;

/** Chips, the word that is being typed, how many match; below, what can be said besides. */
export function FilterBox(props: {
  model: TableModel;
  filter: string;
  onFilter: (filter: string) => void;
  input: React.RefObject<HTMLInputElement>;
  onLeave: () => void;
}): JSX.Element {
  const { trans } = useHost();
  const { model, filter, onFilter, input, onLeave } = props;
  // What is typed stands behind the chips; it is part of the filter once it is whole.
  const [typed, setTyped] = React.useState('');
  const chips = words(filter);
  const live = typed && chips[chips.length - 1] === typed ? chips.slice(0, -1) : chips;
  const set = (kept: string[], word: string) => {
    onFilter([...kept, ...(word && whole(word) ? [word] : [])].join(' '));
  };
  React.useEffect(() => {
    if (typed && chips[chips.length - 1] !== typed && whole(typed)) {
      const timer = window.setTimeout(() => set(live, typed), PAUSE);
      return () => window.clearTimeout(timer);
    }
    return undefined;
  });
  const type = (text: string) => {
    const parts = words(text);
    const ended = /\s$/.test(text) && !parts.some(one => one.split('"').length === 2);
    if (parts.length > 1 || ended) {
      const last = ended ? '' : (parts.pop() ?? '');
      onFilter([...live, ...parts.filter(whole)].join(' '));
      setTyped(last);
    } else {
      setTyped(text);
      if (live.length !== chips.length && !whole(text)) {
        onFilter(live.join(' '));
      }
    }
  };
  const press = (event: React.KeyboardEvent<HTMLInputElement>) => {
    const { key, currentTarget } = event;
    if (key === 'Enter') {
      set(live, typed);
      setTyped(whole(typed) || !typed ? '' : typed);
    } else if (key === 'Backspace' && currentTarget.selectionEnd === 0 && live.length) {
      event.preventDefault();
      setTyped(live[live.length - 1]);
      onFilter(live.slice(0, -1).join(' '));
    } else if (key === 'ArrowDown') {
      event.preventDefault();
      onLeave();
    } else if (key === 'Escape' && typed) {
      setTyped('');
      onFilter(live.join(' '));
    } else if (key === 'Escape') {
      onLeave();
    } else {
      return;
    }
    event.stopPropagation();
  };
  const offer = (word: string) => {
    if (whole(word)) {
      onFilter([...live.filter(one => beginning(one) !== beginning(word)), word].join(' '));
      setTyped('');
    } else {
      setTyped(word);
    }
    input.current?.focus();
  };
  return (
    <div className="jp-datum-filter">
      <div className="jp-datum-filter-box" onClick={() => input.current?.focus()}>
        <Icon name="search" />
        <div className="jp-datum-filter-words">
          {live.map((word, at) => (
            <Chip
              key={`${at}/${word}`}
              word={word}
              onRemove={() => {
                onFilter(withoutWord(filter, at));
                input.current?.focus();
              }}
            />
          ))}
          <input
            ref={input}
            type="text"
            spellCheck={false}
            autoComplete="off"
            value={typed}
            aria-label={trans.__('Filter of datums')}
            placeholder={live.length ? '' : trans.__('Filter: state:failed dur:>10s name:*.tif')}
            onChange={event => type(event.target.value)}
            onKeyDown={press}
          />
        </div>
        <Matches model={model} filter={filter} />
      </div>
      <Offers {...{ model, typed, live }} onOffer={offer} />
      {model.error ? (
        <p className="jp-datum-filter-error" role="alert">
          {oneLine(model.error)}
        </p>
      ) : null}
    </div>
  );
}

function Chip(props: { word: string; onRemove: () => void }): JSX.Element {
  const { trans } = useHost();
  const { word, onRemove } = props;
  const start = beginning(word);
  return (
    <span className="jp-datum-filter-chip">
      <bdi>
        <span className="jp-datum-muted">{start}</span>
        {oneLine(word.slice(start.length))}
      </bdi>
      <button
        aria-label={trans.__('Remove %1 from the filter', oneLine(word))}
        onClick={event => {
          event.stopPropagation();
          onRemove();
        }}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}

function Matches(props: { model: TableModel; filter: string }): JSX.Element {
  const { trans } = useHost();
  const { model, filter } = props;
  const { matches } = model;
  const text =
    matches === null
      ? model.error
        ? ''
        : trans.__('looking …')
      : filter
        ? trans._n('%2 matches', '%2 match', matches, count(matches))
        : trans._n('%2 datum', '%2 datums', matches, count(matches));
  return (
    <span className="jp-datum-muted jp-datum-nowrap" role="status">
      {text}
    </span>
  );
}

/** What else can be said: words, or, while one is typed, its values. */
function Offers(props: {
  model: TableModel;
  typed: string;
  live: readonly string[];
  onOffer: (word: string) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { model, typed, live, onOffer } = props;
  const offered = offers(model, typed, live);
  return (
    <div className="jp-datum-filter-offers">
      <span className="jp-datum-muted">{trans.__('Also:')}</span>
      {offered.map(word => (
        <button key={word} className="jp-datum-filter-offer" onClick={() => onOffer(word)}>
          {oneLine(word)}
        </button>
      ))}
    </div>
  );
}

function offers(model: TableModel, typed: string, live: readonly string[]): string[] {
  const { run } = model;
  const start = beginning(typed);
  if (start === 'state:') {
    const parts = byState(run.counts ?? {}, run.total);
    return STATES.filter(state => parts[state]).map(state => `state:${state}`);
  }
  if (start === 'worker:' && run.workers.length) {
    return run.workers.slice(0, MOST).map(one => `worker:${quoted(one.worker)}`);
  }
  if (start === 'dur:') {
    return ['dur:>1s', 'dur:>10s', 'dur:<100ms', 'dur:1s..10s'];
  }
  const used = new Set([...live, typed].map(beginning));
  const metrics = model.metrics
    .filter(name => !/[\s"]/.test(name))
    .slice(0, MOST)
    .map(name => `m.${name}:>`);
  return [...OFFERED, ...metrics].filter(
    word => !used.has(beginning(word)) && (!typed || word.startsWith(typed) || start)
  );
}
