/** Ranks of a map in the words of the table's filter, so that no list of datums travels. */
import { STATES } from '../tokens';
import type { DurationOrder, IOrder } from './orders';
import type { Range } from './tiles';

/** What stands for a range of ranks. */
export interface IWords {
  filter: string;
  /** Whether it means these datums, and no others. */
  exact: boolean;
}

/**
 * The filter for a range of ranks; null if none says it.
 *
 * By input it is their positions. By state it is the state, with positions where only a part of
 * it is meant (within a state the order is the input's). By duration it is the time.
 */
export function wordsOf(order: IOrder, range: Range): IWords | null {
  if (range[1] <= range[0]) {
    return null;
  }
  if (order.name === 'input') {
    return { filter: places(range), exact: true };
  }
  return order.name === 'state' ? ofState(order, range) : ofDuration(order as DurationOrder, range);
}

/** The same for the failed datums among them. */
export function failedOf(order: IOrder, range: Range): IWords | null {
  const { failed } = byName(order.tally(range));
  if (!failed) {
    return null;
  }
  if (order.name === 'state') {
    return ofState(order, [range[0], range[0] + failed]); // failed ones stand first
  }
  const words = wordsOf(order, range);
  const filter = words?.filter.replace(/^state:\S+ /, '');
  return words && { ...words, filter: `state:failed ${filter}` };
}

function ofState(order: IOrder, range: Range): IWords {
  const states = STATES.filter((_, byte) => order.tally(range)[byte] > 0);
  const filter = `state:${states.join(',')}`;
  if (states.length > 1) {
    const all = order.tally([0, order.total]);
    const exact = states.every(state => byName(order.tally(range))[state] === byName(all)[state]);
    return { filter, exact };
  }
  const [first] = order.positions([range[0], range[0] + 1]);
  const [last] = order.positions([range[1] - 1, range[1]]);
  return { filter: `${filter} ${places([first, last + 1])}`, exact: true };
}

function ofDuration(order: DurationOrder, range: Range): IWords | null {
  const span = order.span(range);
  if (!span) {
    return null;
  }
  const filter = `dur:${time(span[0])}..${time(span[1])}`;
  const { skipped } = byName(order.tally([0, order.total]));
  // An unchanged datum has a time as well: of the run that made it.
  const states = skipped ? 'state:success,failed,recovered ' : '';
  return { filter: states + filter, exact: range[1] <= order.timed };
}

function byName(counts: readonly number[]): Record<(typeof STATES)[number], number> {
  return Object.fromEntries(STATES.map((state, byte) => [state, counts[byte] ?? 0])) as Record<
    (typeof STATES)[number],
    number
  >;
}

/** Positions as people count them, both ends within. */
function places([start, end]: Range): string {
  return end - start === 1 ? `pos:${end}` : `pos:${start + 1}..${end}`;
}

function time(seconds: number): string {
  const digits = (n: number) => String(Number(n.toPrecision(6)));
  return seconds < 1 ? `${digits(seconds * 1e3)}ms` : `${digits(seconds)}s`;
}
