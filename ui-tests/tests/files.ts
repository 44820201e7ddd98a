/** What the journeys work on: files in a folder, and the cell that halves the numbers in them. */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

/** Files beside a notebook; every tenth holds what the cell cannot read before it is fixed. */
export class Files {
  constructor(readonly folder: string) {}

  /** Write `n` of them: numbers, but some with a comma. */
  write(n: number): void {
    fs.mkdirSync(path.join(this.folder, 'in'), { recursive: true });
    for (let i = 0; i < n; i++) {
      const text = i % 10 === 3 ? `${i},5` : `${i}`;
      fs.writeFileSync(path.join(this.folder, 'in', `${String(i).padStart(4, '0')}.txt`), text);
    }
  }

  /**
   * The cell, with or without its bug; each datum counts itself. Once so many have begun, the others
   * wait at a gate: what happens before it is passed has all the time that it needs.
   */
  cell(
    options: { fixed?: boolean; pause?: number; gates?: Record<string, number> } = {}
  ): string {
    const { fixed = false, pause = 0, gates = {} } = options;
    const counted = JSON.stringify(path.join(this.folder, 'executions'));
    // No line is indented: the editor would indent the next one too.
    return [
      '%%datum halves -i "in/*.txt" -o halves --workers 2',
      ...(Object.keys(gates).length ? ['import os'] : []),
      'import time',
      `open(${counted}, "a").write(datum.stem + "\\n")`,
      ...(Object.keys(gates).length ? [`begun = len(open(${counted}).readlines())`] : []),
      ...Object.entries(gates).map(
        ([name, first]) =>
          `while begun > ${first} and not os.path.exists("${name}"): time.sleep(0.02)`
      ),
      `time.sleep(${pause})`,
      'text = open(datum.path).read()',
      fixed ? 'value = float(text.replace(",", "."))' : 'value = float(text)',
      'datum.out_file(".half").write_text(str(value / 2))'
    ].join('\n');
  }

  /**
   * A cell that fails in two ways, as long as there is no file `mended` beside the notebook: so a
   * retry with the recorded code can heal it. Of 40 datums four have a bad CRC, and one no key.
   */
  flawed(): string {
    return [
      '%%datum halves -i "in/*.txt" -o halves --workers 2 --tries 1',
      'import os',
      'number = int(datum.stem)',
      'mended = os.path.exists("mended")',
      'if number % 10 == 3 and not mended:',
      '    raise ValueError(f"bad CRC in {datum.path}")',
      'if number == 7 and not mended:',
      '    {}["seven"]',
      'datum.metrics["number"] = number',
      'datum.out_file(".half").write_text(str(number / 2))'
    ].join('\n');
  }

  /** Let the datums at a gate go on. */
  pass(gate: string): void {
    fs.writeFileSync(path.join(this.folder, gate), '');
  }

  /** From now on what has failed succeeds. */
  mend(): void {
    this.pass('mended');
  }

  /** Run a notebook from the command line; some of its datums fail, as they are meant to. */
  run(notebook: string): void {
    try {
      execFileSync('jupyter', ['datum', 'run', notebook], { stdio: 'ignore' });
    } catch (error) {
      if ((error as { status: number }).status !== 1) {
        throw error;
      }
    }
  }

  /** Write a notebook with these cells; return its path. */
  notebook(...cells: string[]): string {
    return this.notebookFor('python3', ...cells);
  }

  /** Write a notebook for a kernel; return its path. */
  notebookFor(kernel: string, ...cells: string[]): string {
    const file = path.join(this.folder, 'story.ipynb');
    const notebook = {
      cells: cells.map((source, at) => ({
        cell_type: 'code',
        id: `cell-${at}`,
        metadata: {},
        execution_count: null,
        outputs: [],
        source
      })),
      metadata: { kernelspec: { name: kernel, display_name: kernel, language: 'python' } },
      nbformat: 4,
      nbformat_minor: 5
    };
    fs.writeFileSync(file, JSON.stringify(notebook));
    return file;
  }

  /** How often each datum has executed. */
  executions(): Map<string, number> {
    const found = new Map<string, number>();
    const file = path.join(this.folder, 'executions');
    if (fs.existsSync(file)) {
      for (const stem of fs.readFileSync(file, 'utf-8').split('\n').filter(Boolean)) {
        found.set(stem, (found.get(stem) ?? 0) + 1);
      }
    }
    return found;
  }

  /** What a datum has written, or null. */
  output(stem: string): string | null {
    const file = path.join(this.folder, 'halves', `${stem}.half`);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf-8') : null;
  }

  /** The names of all that is written. */
  outputs(): string[] {
    return fs.readdirSync(path.join(this.folder, 'halves'));
  }

  /** What the command line says of the newest run of a transform. */
  status(name = 'halves'): Record<string, number | string> {
    const args = ['datum', 'status', name, '--json', '--project', this.folder];
    try {
      return JSON.parse(execFileSync('jupyter', args, { encoding: 'utf-8' }))[0];
    } catch (error) {
      // Exit code 1 says that some failed; the answer is there all the same.
      return JSON.parse((error as { stdout: string }).stdout)[0];
    }
  }
}
