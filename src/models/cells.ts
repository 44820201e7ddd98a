/** What the text of a marked cell says: pure functions over strings. */
import { language } from '../language';
import { nameOf } from './marks';

/** A cell of the open notebook, unsaved edits included. */
export interface IOpenCell {
  id: string;
  source: string;
  code: boolean;
  /** The name that its metadata gives it, if they mark it. */
  mark?: string | null;
}

/** A marked cell found in the open notebook. */
export interface IMarkedCell {
  name: string;
  id: string;
  source: string;
}

const MAGIC = /^%%datum[ \t]+([^\s\-"'][^\s"']*)/;

/** Options that are of one run and not of the cell; with those that take a value. */
const OF_THE_RUN: readonly [RegExp, string][] = [
  [/\s--only(?:=|\s+)\S+/g, ''],
  [/\s--sample(?:=|\s+)\S+/g, ''],
  [/\s--(?:force|background|no-probe)(?=\s|$)/g, '']
];

/** The name of the transform that a cell's text marks, or null. */
export function transformName(source: string): string | null {
  const line = source.trimStart().split('\n', 1)[0];
  return MAGIC.exec(line)?.[1] ?? null;
}

/** The marked cells among `cells`, in their order; of two with one name the last counts. */
export function markedCells(cells: readonly IOpenCell[]): IMarkedCell[] {
  const found = new Map<string, IMarkedCell>();
  for (const cell of cells) {
    const name = cell.code ? nameOf(cell) : null;
    if (name) {
      found.set(name, { name, id: cell.id, source: cell.source });
    }
  }
  return [...found.values()];
}

/** Whether two texts of a cell do the same, as far as text can tell. */
export function sameSource(one: string, other: string): boolean {
  return one === other || plain(one) === plain(other);
}

function plain(source: string): string {
  const [line, ...body] = source.replace(/\r\n?/g, '\n').trim().split('\n');
  const head = OF_THE_RUN.reduce((text, [what, by]) => text.replace(what, by), line);
  return [head, ...body].map(text => text.trimEnd()).join('\n');
}

/** What is different for one execution of a cell. */
export interface IOnce {
  /**
   * `due`: new, changed, stale and failed ones; `fresh`: these but for the stale; `all`: unchanged
   * ones too; or some of `new,failed,stale`, and of `added,changed,missing`, which are `new`.
   */
  which?: string;
  /** A name, or an address. */
  engine?: string;
  /** So many at most, and so few at least while there is work. */
  workers?: number;
  least?: number;
  gpus?: string;
  batch?: number;
  /** `continue`, `stop`, `stop:N`, `stop:P%`. */
  onError?: string;
  tries?: number;
  /** Of one datum: `30s`, `5min`. */
  timeout?: string;
  /** So many datums at most. */
  sample?: number;
  /** Datums by their keys, as a plan tells them; of the others only what `which` says. */
  keys?: readonly string[];
  /** What feeds it runs too, first. */
  needs?: boolean;
}

/** What `new` is made of. */
const NEW = ['added', 'changed', 'missing'] as const;
const DUE = ['new', 'failed', 'stale'] as const;
const WHICH = [...DUE, ...NEW] as const;

/** The datums that `which` means: `all`, some of the three words, or null for what is due. */
export function onlyOf(which: string | undefined): 'all' | string[] | null {
  switch (which ?? 'due') {
    case 'due':
      return null;
    case 'all':
      return 'all';
    case 'fresh':
      return ['new', 'failed'];
    default: {
      const said = new Set(which!.split(',').map(word => word.trim()));
      const wrong = [...said].find(word => !(WHICH as readonly string[]).includes(word));
      if (wrong !== undefined) {
        throw new Error(
          language.trans.__(
            '%1 is one of %2, or some of %3; not %4',
            'which',
            'due, fresh, all',
            WHICH.join(),
            which
          )
        );
      }
      if (NEW.every(word => said.has(word))) {
        said.add('new');
      }
      if (said.has('new')) {
        NEW.forEach(word => said.delete(word));
      }
      const words = WHICH.filter(word => said.has(word));
      return DUE.every(word => said.has(word)) ? null : words;
    }
  }
}

/** Workers as an option says them. */
export function workersText(once: Pick<IOnce, 'workers' | 'least'>): number | string | undefined {
  const { workers, least } = once;
  return workers && least !== undefined ? `${Math.min(least, workers)}..${workers}` : workers;
}

/** Whether nothing is different at all. */
export function isPlain(once: IOnce): boolean {
  return changes(once)[1].length === 0;
}

/** Whether an engine is an address or a file: only a cell's own text can name one. */
export function isAddress(engine: string | undefined): boolean {
  return engine !== undefined && (/:\/\/|\//.test(engine) || engine.endsWith('.json'));
}

/** The cell's text with the options of one execution in its line; null if it bears no magic. */
export function withOptions(source: string, once: IOnce): string | null {
  const start = source.length - source.trimStart().length;
  const end = source.indexOf('\n', start);
  const line = source.slice(start, end < 0 ? undefined : end);
  if (!MAGIC.test(line)) {
    return null;
  }
  const rest = end < 0 ? '' : source.slice(end);
  const [gone, words] = changes(once);
  const head = gone.reduce((text, what) => text.replace(what, ''), line).trimEnd();
  return `${source.slice(0, start)}${[head, ...words].join(' ')}${rest}`;
}

/** What goes from the line, and what comes to its end. */
function changes(once: IOnce): [RegExp[], string[]] {
  const only = onlyOf(once.which);
  const gone = OF_THE_RUN.map(([what]) => what);
  const words = only === 'all' ? ['--force'] : only ? [`--only ${only.join(',')}`] : [];
  const said: [string, string | number | undefined][] = [
    ['engine', once.engine],
    ['workers', workersText(once)],
    ['gpus', once.gpus],
    ['batch', once.batch],
    ['on-error', once.onError],
    ['tries', once.tries],
    ['timeout', once.timeout],
    ['sample', once.sample]
  ];
  for (const [name, value] of said) {
    if (value !== undefined && value !== '') {
      gone.push(new RegExp(`\\s--${name}(?:=|\\s+)\\S+`, 'g'));
      words.push(`--${name} ${value}`);
    }
  }
  return [gone, words];
}

/** The cell's text with `--only failed` for one execution; null if it bears no magic. */
export function onlyFailed(source: string): string | null {
  return withOptions(source, { which: 'failed' });
}
