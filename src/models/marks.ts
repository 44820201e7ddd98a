/** Cells that are marked by their metadata, beside those that bear the magic: pure functions. */
import { transformName } from './cells';
import type { IOpenCell } from './cells';

/** The name that a cell's metadata give it; a cell without one is no transform. */
export function nameOfMark(mark: unknown): string | null {
  const name = (mark as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' && name.trim() ? name : null;
}

/** The transform that a cell is: by its magic, else by its metadata. */
export function nameOf(cell: Pick<IOpenCell, 'source' | 'mark'>): string | null {
  return transformName(cell.source) ?? (hasMagic(cell.source) ? null : (cell.mark ?? null));
}

/**
 * What a kernel executes to take a cell for a transform: of a marked one the request's metadata
 * say the rest, so that no option is read here.
 */
export function asTransform(cell: Pick<IOpenCell, 'source' | 'mark'>): string {
  const marked = cell.mark && !hasMagic(cell.source);
  return marked ? `%%datum ${cell.mark} --marked\n${cell.source}` : cell.source;
}

/** A Python name. */
export const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

/** Whether a text is a Python name, which a transform's name has to be. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** A name that a cell may get: of what it assigns last, made unlike those that there are. */
export function suggestName(source: string, taken: ReadonlySet<string>): string {
  const assigned = [...source.matchAll(/^([A-Za-z_]\w*)\s*=(?!=)/gm)].map(found => found[1]);
  const base = assigned[assigned.length - 1] ?? 'transform';
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

/** Whether a cell begins with the magic, be its line whole or not. */
function hasMagic(source: string): boolean {
  return /^%%datum(?:\s|$)/.test(source.trimStart());
}
