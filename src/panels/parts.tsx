/** Small parts that all views are made of. */
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import React from 'react';

import { Glyph, Icon } from '../icons';
import type { IconName } from '../icons';
import type { Preferences } from '../models/preferences';
import { BAR_ORDER } from '../tokens';
import type { ICount, ICounts, IDatumRenderers, IFailureActions, State } from '../tokens';
import { drawn } from '../turns';
import { count, countWord, failedWord, noAlarm, oneLine, stateWord } from './format';

/** What every view is given: words, and a way to have something done. */
export interface IHost {
  trans: TranslationBundle;
  commands: CommandRegistry;
  /** Draws what cells displayed; without it there is their text. */
  rendermime?: IRenderMimeRegistry | null;
  /** What the user has set; the usual without it. */
  preferences?: Preferences;
  /** The cells of the notebook in front, unsaved edits included. */
  cells?: () => readonly { source: string }[];
  /** Whether the open cell of a run was edited since. */
  edits?: {
    changed: ISignalLike;
    editedSince(project: string, run: string): Promise<boolean | null>;
  };
  /** The notebook that had the cell of a run, if it is known and is not the one in front. */
  elsewhere?: (project: string, run: string) => Promise<string | null>;
  /** What other extensions have added. */
  renderers?: IDatumRenderers;
  failureActions?: IFailureActions;
  /** Colours code; without it code has one colour. */
  languages?: IEditorLanguageRegistry | null;
}

/** Words and commands for the views below. */
export const HostContext = React.createContext<IHost | null>(null);

/** The words and commands of the view around. */
export function useHost(): IHost {
  const host = React.useContext(HostContext);
  if (!host) {
    throw new Error('a view stands outside of its host');
  }
  return host;
}

/** Whether the widget around is seen: what lies behind another tab is not drawn until it is. */
export const ShownContext = React.createContext(true);

/** What is drawn in one frame with this view. */
export const PageContext = React.createContext<object>({});

/** Draw again whenever one of `signals` is emitted. */
export function useSignals(...signals: Signals): void {
  useSlot(always, signals);
}

/**
 * What `read` finds, drawn again when that is another value after one of `signals`: for views that
 * show little of what their models tell of. An object made anew would be another one each time.
 */
export function useRead<T>(read: () => T, ...signals: Signals): T {
  const now = read();
  const seen = React.useRef({ now, read });
  seen.current = { now, read };
  const differs = React.useCallback(() => !Object.is(seen.current.read(), seen.current.now), []);
  useSlot(differs, signals);
  return now;
}

/**
 * Draw again after those of `signals` that matter, while it is seen; once at first, for what was
 * said before. Models are counted as changed at once though their turn to be drawn comes later:
 * React forgets effects of views that see new values in what it takes for no change.
 */
function useSlot(matters: () => boolean, signals: Signals): void {
  const shown = React.useContext(ShownContext);
  const page = React.useContext(PageContext);
  const changes = React.useRef(0);
  const subscribe = React.useCallback(
    (draw: () => void) => {
      if (!shown) {
        return () => undefined;
      }
      const told = () => {
        if (matters()) {
          changes.current++;
          drawn(page, draw);
        }
      };
      signals.forEach(signal => signal?.connect(told));
      told();
      return () => signals.forEach(signal => signal?.disconnect(told));
    },
    [matters, shown, page, ...signals]
  );
  React.useSyncExternalStore(subscribe, () => changes.current);
}

const always = (): boolean => true;

type Signals = (ISignalLike | null | undefined)[];

interface ISignalLike {
  connect(slot: () => void): boolean;
  disconnect(slot: () => void): boolean;
}

/** Draw again each second while `going`: what is at work grows older though nothing is said. */
export function useClock(going: boolean): void {
  const [, draw] = React.useReducer((n: number) => n + 1, 0);
  const ticks = React.useContext(ShownContext) && going;
  React.useEffect(() => {
    const timer = ticks ? window.setInterval(draw, 1000) : 0;
    return () => window.clearInterval(timer);
  }, [ticks]);
}

/** A button that executes a command. */
export function CommandButton(props: {
  command: string;
  args?: ReadonlyJSONObject;
  icon?: IconName;
  label: string;
  kind?: 'main' | 'bad' | 'flat' | 'icon';
  disabled?: boolean;
  /** Of a button that stays down. */
  pressed?: boolean;
  /** Why not, if it can't be now: the button stays in the tab order, and says so. */
  why?: string | null;
  title?: string;
  /** Called besides. */
  onPress?: () => void;
}): JSX.Element {
  const { commands } = useHost();
  const { command, args, icon, label, kind, disabled, why } = props;
  const title = why ?? props.title;
  const bare = kind === 'icon';
  return (
    <button
      className="jp-datum-button"
      data-kind={kind}
      data-command={command}
      disabled={disabled}
      aria-disabled={why ? true : undefined}
      aria-pressed={props.pressed}
      aria-label={label} // where there is no room, its words go, not its name
      title={title ?? (bare ? label : undefined)}
      onClick={event => {
        event.stopPropagation();
        if (why) {
          return;
        }
        props.onPress?.();
        void commands.execute(command, args).catch(() => undefined); // it has told the user
      }}
    >
      {icon ? <Icon name={icon} /> : null}
      {bare ? null : <span>{label}</span>}
    </button>
  );
}

/** A section that folds; what stands in `summary` stays. */
export function Section(props: {
  name: string;
  title: string;
  summary?: React.ReactNode;
  action?: React.ReactNode;
  folded: boolean;
  onFold: (name: string) => void;
  children: React.ReactNode;
}): JSX.Element {
  const { name, title, summary, action, folded, onFold, children } = props;
  const id = React.useId();
  return (
    <section className="jp-datum-section" data-section={name} aria-labelledby={`${id}-t`}>
      <h2 className="jp-datum-section-header">
        <button
          className="jp-datum-fold"
          aria-expanded={!folded}
          aria-controls={id}
          onClick={() => onFold(name)}
        >
          <Icon name={folded ? 'right' : 'down'} />
          <span id={`${id}-t`} className="jp-datum-section-title">
            {title}
          </span>
          <span className="jp-datum-summary">{summary}</span>
        </button>
        {action}
      </h2>
      <div id={id} hidden={folded}>
        {folded ? null : children}
      </div>
    </section>
  );
}

/** A state by glyph, word and colour. */
export function StateWord(props: { state: State | 'interrupted'; word: string }): JSX.Element {
  return (
    <span className="jp-datum-state" data-state={props.state}>
      <Glyph state={props.state} />
      {props.word}
    </span>
  );
}

/** How many have failed: an alarm, unless somebody has expected them all. */
export function FailedWord(props: {
  counts: Partial<ICounts>;
  /** What is said instead of the count alone. */
  word?: (failed: string) => string;
}): JSX.Element {
  const { trans } = useHost();
  const { counts, word } = props;
  const failed = failedWord(trans, counts);
  return (
    <span className={noAlarm(counts) ? 'jp-datum-no-alarm' : undefined}>
      <StateWord state="failed" word={word?.(failed) ?? failed} />
    </span>
  );
}

/** How many datums are in each state. */
export function byState(counts: Partial<ICounts>, total: number): Record<State, number> {
  const of = (state: keyof ICounts) => Number(counts[state] ?? 0);
  const some = {
    running: of('running'),
    success: of('success'),
    failed: of('failed'),
    recovered: of('recovered'),
    skipped: of('skipped'),
    cancelled: of('cancelled')
  };
  const rest = total - Object.values(some).reduce((sum, n) => sum + n, 0);
  return { ...some, pending: Math.max(0, rest) };
}

/** How many datums are through; what was cancelled was never done. */
export function doneOf(
  parts: Pick<Record<State, number>, 'pending' | 'running' | 'cancelled'>,
  total: number
): number {
  return Math.max(0, total - parts.pending - parts.running - parts.cancelled);
}

const NOTHING_TOLD: ICount = { count: null, whole: true, why: null, mistake: null };

/** How many datums a transform has that has not run, or that its input is wrong. */
export function Told(props: { told: ICount | null }): JSX.Element {
  const { trans } = useHost();
  const { count: n, whole, why, mistake } = props.told ?? NOTHING_TOLD;
  if (mistake !== null) {
    return (
      <span className="jp-datum-row-tag" data-kind="stale" title={oneLine(mistake)}>
        {why === 'line' ? trans.__('look at its first line') : trans.__('look at its input')}
      </span>
    );
  }
  return <span className="jp-datum-muted">{n === null ? '' : countWord(trans, n, whole)}</span>;
}

/** The bar of segments. A failure among a million is still seen: CSS gives it 3 px. */
export function Bar(props: {
  counts: Partial<ICounts>;
  total: number;
  thin?: boolean;
}): JSX.Element {
  const { trans } = useHost();
  const { counts, total, thin } = props;
  const parts = byState(counts, total);
  const done = doneOf(parts, total);
  const text = trans.__('%1 of %2, %3', count(done), count(total), failedWord(trans, counts));
  return (
    <div
      className="jp-datum-bar"
      data-thin={thin ? 'true' : undefined}
      role="progressbar"
      aria-label={trans.__('Datums done')}
      aria-valuemin={0}
      aria-valuenow={done}
      aria-valuemax={total}
      aria-valuetext={text}
    >
      {BAR_ORDER.filter(state => parts[state] > 0 || (total === 0 && state === 'pending')).map(
        state => (
          <i
            key={state}
            data-state={state}
            style={{ flexGrow: total ? Math.max(parts[state] / total, 0.0001) : 1 }}
            title={`${stateWord(trans, state)}: ${count(parts[state])}`}
          />
        )
      )}
    </div>
  );
}

/** A sentence that something is not as it should be, and what to do about it. */
export function Note(props: { children: React.ReactNode; action?: React.ReactNode }): JSX.Element {
  return (
    <div className="jp-datum-note" role="status">
      <Icon name="warn" />
      <div>
        <div>{props.children}</div>
        {props.action ? <div className="jp-datum-actions">{props.action}</div> : null}
      </div>
    </div>
  );
}
