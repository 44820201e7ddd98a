/** Days and times for people: as JupyterLab's language writes them, the clock always of 24 hours. */
import { language } from '../language';

// Not `hour12: false`, by which en-US calls the first minute of a day 24:00.
const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const PRECISE = { ...TIME, second: '2-digit' } as const;
const DAY = { day: 'numeric', month: 'short' } as const;
const FULL = { ...DAY, year: 'numeric' } as const;

/** To make one takes longer than all else of a line with a time. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Seconds since the epoch as they are written. */
function written(at: number, how: Intl.DateTimeFormatOptions): string {
  const { locale } = language;
  const key = `${locale} ${Object.entries(how)}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(locale, how);
  formats.set(key, format);
  return format.format(at * 1000);
}

/** 14:00:53 */
export function clockTime(at: number): string {
  return written(at, PRECISE);
}

/** 14:00:53.112, as precise as times that are compared. */
export function preciseTime(at: number): string {
  return written(at, { ...PRECISE, fractionalSecondDigits: 3 });
}

/** Nov 18, 2026 */
export function fullDay(at: number): string {
  return written(at, FULL);
}

/** Nov 18, 2026, 14:00:53; empty where it is not known. */
export function moment(at: number | null | undefined): string {
  return at ? written(at, { ...FULL, ...PRECISE }) : '';
}

/** 14:00 of today, Nov 17, 14:00, or with its year; empty where it is not known. */
export function dayTime(at: number | null | undefined): string {
  return at ? written(at, { ...dayOf(at), ...TIME }) : '';
}

/** 14:00:53 of today, Nov 17, 14:00:53, or with its year. */
export function dayClockTime(at: number): string {
  return written(at, { ...dayOf(at), ...PRECISE });
}

/** Of a day what today leaves open. */
function dayOf(at: number): Intl.DateTimeFormatOptions {
  const [then, now] = [new Date(at * 1000), new Date()];
  if (then.toDateString() === now.toDateString()) {
    return {};
  }
  return then.getFullYear() === now.getFullYear() ? DAY : FULL;
}
