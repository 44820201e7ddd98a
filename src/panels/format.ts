/** Figures and foreign text for people. Pure functions. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { language } from '../language';
import { alarms } from '../models/alarms';
import type { IFailed } from '../models/alarms';
import { ENDED } from '../tokens';
import type { ICounts, IRun, State, Status } from '../tokens';

const WHOLE: Intl.NumberFormatOptions = {};
/** Making one takes far longer than using it: by language and options. */
const formats = new Map<string, Intl.NumberFormat>();

/** A number as the language of the page writes it; rounded only as `how` says. */
export function figure(n: number, how: Intl.NumberFormatOptions = WHOLE): string {
  const { locale } = language;
  const key = how === WHOLE ? locale : `${locale} ${JSON.stringify(how)}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, how);
    formats.set(key, format);
  }
  return format.format(n);
}

/** 1,234,567 */
export function count(n: number): string {
  return figure(n);
}

/** 9.2: with so many digits behind the point, zeros too. */
function fixed(n: number, digits: number): string {
  return figure(n, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** 61%, of a part of one. */
export function share(part: number, digits = 0): string {
  const how = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return figure(part, { style: 'percent', ...how });
}

/**
 * 61.2%; never 100% before all is done, never 0% when something is. In between it always has its
 * digit behind the point: it would jump where it counts up.
 */
export function percent(part: number, whole: number): string {
  if (whole <= 0 || part <= 0) {
    return share(0);
  }
  if (part >= whole) {
    return share(1);
  }
  const shown = Math.min(0.999, Math.floor((part / whole) * 1000) / 1000);
  return shown === 0 ? `<${share(0.001, 1)}` : share(shown, 1);
}

/** How far a run is: a part of all, and while nobody knows how many that will be, their number. */
export function progress(run: Partial<ICounts>, done: number, total: number): string {
  return (run.planned ?? true) ? percent(done, total) : count(done);
}

/** Of how many, and whether there are more to come. */
export function ofAll(trans: TranslationBundle, run: ICounts, total: number): string {
  if (run.planned) {
    return trans.__('of %1', count(total));
  }
  return ENDED.has(run.status)
    ? trans.__('of %1 that were listed', count(total))
    : trans.__('of %1, still listing', count(total));
}

/** 0:42, 4:10, 2:41:07 */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 4 ms, 9.2 s, 3 min 5 s, 2 h 41 min: as the kernel's half has it. */
export function span(seconds: number): string {
  if (seconds > 0 && seconds < 0.0005) {
    return '<1 ms';
  }
  if (seconds < 0.9995) {
    return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  }
  if (seconds < 10) {
    return `${fixed(seconds, 1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 120) {
    return `${whole} s`;
  }
  if (whole < 7200) {
    const rest = whole % 60;
    return rest ? `${Math.floor(whole / 60)} min ${rest} s` : `${whole / 60} min`;
  }
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 12 B, 3.4 KB, 1.9 GB */
export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = size;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${at && value < 99.95 ? fixed(value, 1) : Math.round(value)} ${units[at]}`;
}

/** 2,450, 3.2 or 0.04 */
export function rate(perSecond: number): string {
  if (perSecond >= 10) {
    return count(Math.round(perSecond));
  }
  return fixed(perSecond, perSecond >= 1 ? 1 : 2);
}

// Colours and cursor moves of terminals, which mean nothing here.
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])/g;
// What would not be seen, or would turn the text around it: it is shown by its number.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Text of a file, a traceback or a name with nothing hidden in it; lines and tabs stay. */
export function visible(text: string): string {
  return text
    .replace(ANSI, '')
    .replace(/\r\n/g, '\n')
    .replace(UNSEEN, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same as one line. */
export function oneLine(text: string): string {
  return visible(
    text
      .replace(ANSI, '')
      .replace(/[\s\u2028\u2029]+/g, ' ')
      .trim()
  );
}

/**
 * The name of a datum: its key, or its place where the key is a digest (of an item, say)
 * that tells a person nothing.
 */
export function datumName(
  trans: TranslationBundle,
  datum: { key: string | null; position: number }
): string {
  return keyName(datum.key) || trans.__('datum %1', count(datum.position + 1));
}

/** A key as a name; none where it is a digest. */
export function keyName(given: string | null): string {
  const key = oneLine(given ?? '');
  const escaped = key.match(/\\x[0-9a-f]{2}/g)?.length ?? 0;
  return escaped >= 3 && escaped * 16 > key.length ? '' : key;
}

/** Where in the code: of a file its name, since its whole path says nothing more here. */
export function placeWord(trans: TranslationBundle, place: string | null): string {
  const words = oneLine(place ?? '').replace(/^File ".*?([^/\\"]+)"/, '$1');
  const line = /^cell line (\d+)$/.exec(words);
  return line ? trans.__('cell line %1', line[1]) : words;
}

/** What has become of a datum since it was read. */
export function thenWord(trans: TranslationBundle, now: string | undefined): string {
  const words: Record<string, string> = {
    remade: trans.__('made anew since'),
    failed: trans.__('failed since'),
    earlier: trans.__('made from an earlier version'),
    unknown: trans.__('made anew since; which version was read is not known')
  };
  return words[now ?? ''] ?? '';
}

/** The name of a state. */
export function stateWord(trans: TranslationBundle, state: State): string {
  const words: Record<State, string> = {
    pending: trans.__('pending'),
    running: trans.__('running'),
    success: trans.__('success'),
    failed: trans.__('failed'),
    recovered: trans.__('recovered'),
    skipped: trans.__('skipped (unchanged)'),
    cancelled: trans.__('cancelled')
  };
  return words[state];
}

/**
 * How many of the skipped datums were not unchanged: `--only` or `--sample` left them as they
 * are. While the reasons are not known yet nothing is said about that.
 */
export function leftAlone(run: Pick<IRun, 'reasons'> | null, skipped: number): number {
  const reasons = run?.reasons;
  if (!reasons || !Object.keys(reasons).length) {
    return 0;
  }
  return Math.max(0, skipped - (reasons['unchanged'] ?? 0));
}

/**
 * How many datums have failed before and were not part of this run: they are failed still,
 * though the run itself may be a success. At least so many, by what the plan says.
 */
export function stillFailed(
  run: Pick<IRun, 'reasons' | 'left' | 'total' | 'skipped'> | null
): number {
  if (run?.left) {
    return run.left['failed before'] ?? 0;
  }
  const before = run?.reasons?.['failed before'] ?? 0;
  return run && before ? Math.max(0, before - (run.total - run.skipped)) : 0;
}

/** The name of a run's status. */
export function statusWord(trans: TranslationBundle, status: Status): string {
  const words: Record<Status, string> = {
    queued: trans.__('waiting'),
    running: trans.__('running'),
    held: trans.__('held'),
    paused: trans.__('paused'),
    cancelling: trans.__('stopping'),
    success: trans.__('done'),
    failed: trans.__('done with failures'),
    cancelled: trans.__('stopped'),
    error: trans.__('went wrong'),
    interrupted: trans.__('interrupted')
  };
  return words[status] ?? status;
}

/** The name of how a run stands: one that its own rule stopped has not done what it had to do. */
export function standing(
  trans: TranslationBundle,
  counts: Pick<ICounts, 'status' | 'cancelled'>
): string {
  return counts.status === 'failed' && counts.cancelled
    ? trans.__('stopped on failures')
    : statusWord(trans, counts.status);
}

/** 1,234 datums, or more than that */
export function countWord(trans: TranslationBundle, n: number, whole: boolean): string {
  return whole
    ? trans._n('1 datum', '%2 datums', n, count(n))
    : trans.__('more than %1', trans._n('1 datum', '%2 datums', n, count(n)));
}

/** 112 failed, 98 of them expected */
export function failedWord(trans: TranslationBundle, counts: Partial<IFailed>): string {
  const { failed = 0, expected } = counts;
  if (noAlarm(counts)) {
    return trans._n('1 failed, expected', '%2 failed, all expected', failed, count(failed));
  }
  return expected
    ? trans.__('%1 failed, %2 of them expected', count(failed), count(expected))
    : trans.__('%1 failed', count(failed));
}

/** 112 of 10,000 datums failed, 98 of them expected */
export function failedOf(trans: TranslationBundle, run: IFailed & { total: number }): string {
  const { failed, expected, total } = run;
  const words = trans._n(
    '%2 of 1 datum failed',
    '%2 of %3 datums failed',
    total,
    count(failed),
    count(total)
  );
  return expected ? trans.__('%1, %2 of them expected', words, count(expected)) : words;
}

/** Whether all that has failed was expected: it is told, and is no alarm. */
export function noAlarm(counts: Partial<IFailed>): boolean {
  return Boolean(counts.failed) && alarms(counts) === 0;
}

/** The state by whose glyph and colour a run's status is shown. */
export function statusState(status: Status): State | 'interrupted' {
  const states: Record<Status, State | 'interrupted'> = {
    queued: 'pending',
    running: 'running',
    held: 'interrupted',
    paused: 'interrupted',
    cancelling: 'cancelled',
    success: 'success',
    failed: 'failed',
    cancelled: 'cancelled',
    error: 'failed',
    interrupted: 'interrupted'
  };
  return states[status] ?? 'pending';
}
