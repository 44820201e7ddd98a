/** Lines of Python, cut into pieces by kind: enough to read a few lines by, and no more. */

/** What a piece is; null: nothing to be coloured. */
export type Kind = 'keyword' | 'string' | 'number' | 'comment' | 'call' | null;

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except ' +
    'finally for from global if import in is lambda nonlocal not or pass raise return try while ' +
    'with yield'
  ).split(' ')
);

const PIECE =
  /(#.*$)|((?:\b[rbfuRBFU]{1,2})?(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\])*(?:"|$)|'(?:\\.|[^'\\])*(?:'|$)))|(\b\d[\w.]*)|([A-Za-z_]\w*)(?=(\s*\()?)/g;

/** Cut a line into pieces; they are the line again when they are put together. */
export function pieces(line: string): [string, Kind][] {
  const found: [string, Kind][] = [];
  let at = 0;
  for (const match of line.matchAll(PIECE)) {
    const kind = kindOf(match);
    if (kind === null) {
      continue;
    }
    if (match.index! > at) {
      found.push([line.slice(at, match.index), null]);
    }
    found.push([match[0], kind]);
    at = match.index! + match[0].length;
  }
  if (at < line.length) {
    found.push([line.slice(at), null]);
  }
  return found;
}

function kindOf(match: RegExpMatchArray): Kind {
  const [, comment, text, digits, name, bracket] = match;
  if (comment) {
    return 'comment';
  }
  if (text) {
    return 'string';
  }
  if (digits) {
    return 'number';
  }
  return KEYWORDS.has(name) ? 'keyword' : bracket ? 'call' : null;
}
