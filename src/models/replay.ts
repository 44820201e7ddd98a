/** The text of a cell in which one datum is processed again: pure functions over strings. */
import type { IDatumDetail, IRunDetail } from '../tokens';
import { oldestFirst } from './attempts';

/** A cell that replays a datum. */
export interface IReplayCell {
  /** The transform. */
  name: string;
  /** The datum as people call it. */
  datum: string;
  /** The line that binds `datum`. */
  binds: string;
  source: string;
  /** The line of `source` on which the datum failed; null: not in the cell. */
  line: number | null;
}

const MAGIC = /^\s*%%datum(?:[ \t].*)?(?:\n|$)/;
const CELL_LINE = /^\s*cell, line (\d+)/gm;

/**
 * The cell as it was recorded, with a line that binds `datum` in place of its magic: so its lines
 * keep their numbers, and a traceback and a breakpoint fit both.
 */
export function replayCell(run: IRunDetail, datum: IDatumDetail): IReplayCell {
  const binds = bindsDatum(run.name, datum, Boolean(run.options?.batch));
  const recorded = run.source.replace(/\r\n?/g, '\n');
  const magic = MAGIC.exec(recorded);
  const above = magic ? magic[0].replace(/\n$/, '').split('\n').length - 1 : 0;
  const body = magic ? recorded.slice(magic[0].length) : recorded;
  const code = run.options?.shell ? script(body) : body;
  const source = `${'\n'.repeat(above)}${binds}\n${code}`;
  const failed = failingLine(datum);
  const line = failed === null ? null : failed + (magic ? 0 : 1);
  return { name: run.name, datum: datum.key ?? '', binds, source, line };
}

/** The line that binds a datum; its own name where that can be typed. */
export function bindsDatum(name: string, datum: IDatumDetail, batch: boolean): string {
  const call = `jupyter_datum.replay(${quoted(name)}, ${quoted(whichDatum(datum))})`;
  return `import jupyter_datum; datum = ${call}${batch ? '; datums = [datum]' : ''}`;
}

/** What `replay` finds the datum by: its key, or its number where the key is written otherwise. */
export function whichDatum(datum: Pick<IDatumDetail, 'key' | 'id'>): string {
  const { key, id } = datum;
  const plain = key !== null && key !== 'failed' && !/^\d+$|^id:|\\|\|/.test(key);
  return plain ? key : `id:${id ?? ''}`;
}

/** The line of the cell in the traceback of the latest failed attempt: the innermost one. */
export function failingLine(datum: IDatumDetail): number | null {
  const latest = oldestFirst(datum.attempts.filter(one => one.traceback)).pop();
  const lines = [...(latest?.traceback ?? '').matchAll(CELL_LINE)];
  return lines.length ? Number(lines[lines.length - 1][1]) : null;
}

/** Python that runs a cell of bash on `datum`, as a worker does; its lines keep their numbers. */
function script(body: string): string {
  const lines = body.split('\n');
  const first = lines.findIndex(line => line.trim() && !line.startsWith('#|'));
  const text = lines.slice(Math.max(first, 0)).join('\n').trimEnd();
  return `${'\n'.repeat(Math.max(first, 0))}__datum_script__(datum, ${quoted(text)})`;
}

/** A text as Python writes it; JSON's escapes are Python's. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
