import type { IDatumDetail, IRunDetail } from '../../tokens';
import { failingLine, replayCell, whichDatum } from '../replay';

const BODY = '#| tries: 1\nx = 1\n1 / 0';

function run(source: string, options: object = {}): IRunDetail {
  return { name: 'up', source, options } as unknown as IRunDetail;
}

function datum(traceback: string | null, key: string | null = 'a/b.txt'): IDatumDetail {
  const first = { attempt: 1, traceback: 'Traceback\n  cell, line 9\n    old' };
  const attempts = traceback === null ? [] : [{ attempt: 2, traceback }, first];
  return { id: 41, key, attempts } as unknown as IDatumDetail;
}

describe('replayCell', () => {
  it('puts one line in place of the magic: all lines keep their numbers', () => {
    const recorded = `%%datum up -i "in/*.txt"\n${BODY}`;
    const made = replayCell(run(recorded), datum('Traceback\n  cell, line 4\n    1 / 0'));
    const lines = made.source.split('\n');
    expect(lines[0]).toBe('import jupyter_datum; datum = jupyter_datum.replay("up", "a/b.txt")');
    expect(lines.slice(1)).toEqual(recorded.split('\n').slice(1));
    expect(made.line).toBe(4);
    expect(lines[made.line! - 1]).toBe('1 / 0');
  });

  it('adds a line to a cell that is marked by its metadata', () => {
    const made = replayCell(run(BODY), datum('Traceback\n  cell, line 3\n    1 / 0'));
    expect(made.source.split('\n')[made.line! - 1]).toBe('1 / 0');
  });

  it('keeps blank lines above the magic, and takes a magic without a body', () => {
    const made = replayCell(run('\n\n%%datum up -i x\r\n1 / 0'), datum('  cell, line 4'));
    expect(made.source.split('\n')[3]).toBe('1 / 0');
    expect(replayCell(run('%%datum up -i x'), datum(null)).source).toMatch(/replay\(.*\)\n$/);
  });

  it('gives a cell for batches a list, and runs bash as a worker does', () => {
    const many = replayCell(run('%%datum up\ndatums', { batch: 8 }), datum(null));
    expect(many.source).toContain('; datums = [datum]\n');
    const bash = replayCell(
      run('%%datum up --shell\n#| tries: 2\ncat "$X" \\\n', { shell: true }),
      datum(null)
    );
    expect(bash.source.split('\n')[2]).toBe('__datum_script__(datum, "cat \\"$X\\" \\\\")');
  });
});

describe('whichDatum', () => {
  it.each([
    ['a b.txt', 'a b.txt'],
    ['\\xff.txt', 'id:41'],
    ['a|b', 'id:41'],
    ['7', 'id:41'],
    ['failed', 'id:41'],
    ['id:3', 'id:41'],
    [null, 'id:41']
  ])('%j', (key, which) => expect(whichDatum({ key, id: 41 })).toBe(which));
});

describe('failingLine', () => {
  it('is the innermost line of the cell, of the latest attempt', () => {
    const text =
      'Traceback\n  cell, line 7\n    f()\n  cell, line 3, in f\n    1/0\n  File "x.py", line 1';
    expect(failingLine(datum(text))).toBe(3);
    expect(failingLine(datum('died by signal 9'))).toBeNull();
    expect(failingLine(datum(null))).toBeNull();
  });

  it('is that of the latest run, whose attempts count from 1 again', () => {
    const at = (began: number, line: number) => {
      return { attempt: 1, began, traceback: `Traceback\n  cell, line ${line}\n    f()` };
    };
    const attempts = [at(30, 3), at(10, 2), at(20, 9)] as unknown as IDatumDetail['attempts'];
    expect(failingLine({ ...datum(null), attempts })).toBe(3);
  });
});
