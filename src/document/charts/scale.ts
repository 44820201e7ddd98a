/** Scales of charts: where a value lies, and which values are named. Pure functions. */
import { figure } from '../../panels/format';

/** A named value. */
export interface ITick {
  at: number;
  /** How many; its name, where it is a count. */
  value: number;
}

/** The scale of counts: linear while they are few, else logarithmic, so that one is still seen. */
export interface ICountScale {
  log: boolean;
  /** Pixels above the ground. */
  height(n: number): number;
  ticks: ITick[];
}

/** Counts up to this are told apart on a linear scale. */
const FEW = 40;
/** Of one datum among many, in shares of a decade. */
const ONE = 0.25;

/** A scale for counts up to `most`, `size` pixels high. */
export function countScale(most: number, size: number): ICountScale {
  const top = Math.max(1, most);
  if (top <= FEW) {
    const step = [1, 2, 5, 10].find(one => top / one <= 5) ?? 10;
    const height = (n: number) => (n / top) * size;
    const ticks = count(Math.floor(top / step) + 1).map(i => ({
      value: i * step,
      at: height(i * step)
    }));
    return { log: false, height, ticks };
  }
  const decades = Math.log10(top) + ONE;
  const height = (n: number) => (n > 0 ? ((Math.log10(n) + ONE) / decades) * size : 0);
  const ticks = count(Math.floor(Math.log10(top)) + 1).map(i => ({
    value: 10 ** i,
    at: height(10 ** i)
  }));
  return { log: true, height, ticks };
}

/** What is named above ten seconds: nobody reads 1.7 minutes off an axis. */
const LONG = [60, 600, 3600, 36_000, 86_400, 864_000];
/** The same, where an axis is too short for these. */
const MINUTES = [1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45].map(one => one * 60);
const HOURS = [1, 1.5, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 240].map(one => one * 3600);

/** What is named of a decade, from few to many. */
const WITHIN: readonly (readonly number[])[] = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 4, 5, 7],
  Array.from({ length: 45 }, (_, i) => 1 + i / 5)
];
/** Names that a narrower axis than these decades has, at least. */
const ENOUGH = 3;

/** Seconds that are named on a logarithmic axis from `low` to `high` (decimal logarithms). */
export function secondTicks(low: number, high: number): number[] {
  const decades = high - low;
  const first = decades > 2.5 ? 0 : decades > 1.2 ? 1 : 2;
  const all = WITHIN.slice(first).map((within, finer) =>
    named(within, finer ? [...MINUTES, ...HOURS] : LONG, low, high)
  );
  return all.find(some => some.length >= ENOUGH) ?? all[all.length - 1];
}

function named(
  within: readonly number[],
  long: readonly number[],
  low: number,
  high: number
): number[] {
  const found: number[] = [];
  for (let power = Math.floor(low); power <= Math.min(1, Math.ceil(high)); power++) {
    for (const one of within) {
      const value = one * 10 ** power;
      const at = Math.log10(value);
      if (value < 60 && at >= low - 1e-9 && at <= high + 1e-9) {
        found.push(Number(value.toPrecision(2)));
      }
    }
  }
  return [...found, ...long.filter(one => Math.log10(one) >= low && Math.log10(one) <= high)];
}

/** Times before the end of a window that are named, `most` of them, in seconds; the end is 0. */
export function agoTicks(seconds: number, most = 6): number[] {
  const step =
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400].find(
      one => seconds / one <= most
    ) ?? Math.ceil(seconds / most);
  return count(Math.floor(seconds / step) + 1).map(i => i * step);
}

/** A duration as an axis or a chart names it: 0.5 ms, 20 ms, 3 s, 2 min. */
export function shortSpan(seconds: number): string {
  // From so many seconds on; a tenth of a millisecond is one still.
  const units: [number, string][] = [
    [1e-6, 'µs'],
    [1e-4, 'ms'],
    [1, 's'],
    [60, 'min'],
    [3600, 'h'],
    [86400, 'd']
  ];
  const [from, unit] = units.filter(([size]) => seconds >= size * 0.99).pop() ?? units[0];
  const value = seconds / (unit === 'ms' ? 1e-3 : from);
  return `${value >= 9.95 ? Math.round(value) : figure(value, { maximumSignificantDigits: 2 })} ${unit}`;
}

function count(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Numbers on an axis: 100, 10k, 1M. */
export function shortCount(n: number): string {
  return n >= 1e6
    ? `${figure(n / 1e6)}M`
    : n >= 1e4
      ? `${figure(n / 1e3)}k`
      : figure(n, { useGrouping: false });
}
