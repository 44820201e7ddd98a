/**
 * In a language of brackets every word that is shown stands in brackets: what does not was never
 * given to the translator. Figures with their units, and data, are the same in all languages.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { CELL, Page } from '../../__tests__/page';
import { aGroup, aRun, PROJECT, RUN, until } from '../../__tests__/world';
import { Badge } from '../../cells/badges';
import { RunOutput } from '../../cells/output';
import { addCommands } from '../../commands';
import { DatumModel } from '../../models/datum';
import { MIME_TYPE } from '../../tokens';
import type { Status } from '../../tokens';
import { DatumWidget } from '../datumview';
import { StatusItem } from '../statusitem';

function fill(text: string, args: unknown[]): string {
  return `⟦${text.replace(/%(\d+)/g, (_, n) => String(args[Number(n) - 1]))}⟧`;
}

const brackets = {
  __: (text: string, ...args: unknown[]) => fill(text, args),
  _n: (one: string, many: string, n: number, ...args: unknown[]) =>
    fill(n === 1 ? one : many, [n, ...args])
} as unknown as TranslationBundle;

/** Names, messages, code, engines and months: not ours to translate. */
const DATA = [
  'readings.ipynb', 'work/readings.ipynb', 'means', 'ValueError', 'bad number',
  'a.csv', 'w1', 'w2', 'host', 'serial', 'joblib', 'dask', 'ipyparallel', 'a sentence of the runner',
  'a sentence of the server', 'IndexError', 'out of range', 'Jan'
]; // prettier-ignore

/** Ours, and neither figures nor data, outside of all brackets. */
function bare(text: string): string {
  let left = text;
  for (let before = ''; before !== left;) {
    before = left;
    left = left.replace(/⟦[^⟦⟧]*⟧/g, ' ');
  }
  for (const word of [...DATA].sort((one, two) => two.length - one.length)) {
    left = left.split(word).join(' ');
  }
  return left.replace(/<?\d[\d.,:]*\s?(ms|s|min|h|B|KB|MB)?(?![a-z])/g, ' ').trim();
}

function bareWords(node: Element): string[] {
  const texts: string[] = [];
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement!;
    if (!parent.closest('pre, code, [data-part]')) {
      texts.push(walker.currentNode.textContent ?? '');
    }
  }
  for (const element of node.querySelectorAll('*')) {
    for (const name of ['title', 'aria-label', 'aria-valuetext', 'placeholder', 'alt']) {
      texts.push(element.getAttribute(name) ?? '');
    }
  }
  return texts.map(bare).filter(text => /\p{Letter}/u.test(text));
}

const WORKER = {
  worker: 'w1', pid: 12, host: 'host', up: 1, position: 1, key: 'a.csv', since: 1, done: 3,
  state: 'busy', memory: 6e8, behind: 3, slow: true, device: null
}; // prettier-ignore

describe('in a language of brackets', () => {
  let page: Page;

  beforeEach(() => {
    page = new Page(brackets);
  });
  afterEach(() => page.dispose());

  const words = () => bareWords(page.sidebar.node);

  it('finds what is not translated', () => {
    const node = document.createElement('div');
    const part = (text: string) => node.appendChild(document.createElement('p')).append(text);
    ['⟦a ⟦b⟧ 3⟧ 4 ms', 'means', '12 left'].forEach(part);
    const oops = 'oops';
    Object.assign(node.lastElementChild!, { title: oops });
    expect(bareWords(node)).toEqual(['left', 'oops']);
  });

  it.each(['missing', 'older', 'lost'])('a connection that is %s', async connection => {
    const { RefusedError } = await import('../../requests');
    page.server.answer = async () => {
      if (connection === 'older') {
        return { protocol: 99 };
      }
      throw connection === 'missing' ? new RefusedError(404, '', '') : new Error('no');
    };
    page.panel.setNotebook(page.notebook);
    await until(() => page.runs.connection === connection);
    await page.says('⟦');
    expect(words()).toEqual([]);
  });

  it.each([
    'no-project',
    'no-files',
    'foreign',
    'damaged',
    'newer',
    'older',
    'kernel-without-extension',
    'version-mismatch'
  ])('a context that is %s', async state => {
    const message = 'a sentence of the server';
    page.context = { ...page.context, state, message, project: null };
    page.panel.setNotebook(page.notebook);
    await until(() => page.panel.context?.state === state);
    await page.says('means');
    expect(words()).toEqual([]);
  });

  it('no notebook, and a notebook without a transform', async () => {
    await page.says('⟦No notebook is open⟧');
    expect(words()).toEqual([]);
    page.notebook.source = 'x = 1';
    await page.open();
    await page.says('⟦No transform in this notebook yet⟧');
    expect(words()).toEqual([]);
  });

  const statuses: Status[] = [
    'queued', 'running', 'held', 'paused', 'cancelling', 'success', 'failed', 'cancelled',
    'error', 'interrupted'
  ]; // prettier-ignore
  it.each(statuses)('a run that is %s, with all that one can open', async status => {
    const over = ['success', 'failed', 'cancelled', 'error'].includes(status);
    const more = {
      status,
      success: 1,
      failed: 1,
      recovered: 1,
      skipped: 1,
      cancelled: 1,
      running: 1,
      ended: over ? 65 : null,
      started: 2,
      saved: 9000,
      message: 'a sentence of the runner',
      reasons: { new: 3, unchanged: 1, 'failed before': 2 },
      left: { 'failed before': 2 }
    };
    page.datums = [{ id: 11, key: 'a.csv', state: 'failed', position: 1 }];
    const other = aGroup({ id: 2, type: 'IndexError', message: 'out of range', workers: ['w1'] });
    await page.withRun(Uint8Array.of(2, 3, 4, 5, 6, 1, 0), more, [aGroup(), other]);
    page.put({ type: 'workers', project: PROJECT, run: RUN }, [
      WORKER,
      {
        ...WORKER,
        worker: 'w2',
        up: null,
        state: 'gone',
        cause: 'a sentence of the runner',
        gone: 1
      }
    ]);
    page.notebook.edit(CELL.replace('mean(', 'median('));
    (await page.find(/More ways/)).click();
    page.button(/as a table/)!.click();
    page.sidebar.node.querySelectorAll<HTMLElement>('.jp-datum-group-text')[0].click();
    await page.says('hide table');
    await page.says('a.csv');
    expect(words()).toEqual([]);
  });

  it('the page of a datum', async () => {
    const attempt = {
      run: RUN, attempt: 1, state: 'failed', worker: 'w1', began: 1, seconds: 0.1,
      message: 'ValueError: bad number', traceback: 'a traceback', phase: 'run',
      place: 'cell line 4', log: 12
    }; // prettier-ignore
    const datum: any = {
      id: 11, key: 'a.csv', state: 'failed', attempt: 2, attempts: [attempt, { ...attempt, attempt: 2 }],
      seconds: 0.1, began: null, worker: 'w1', position: 3, run: RUN, group: 1,
      inputs: [{ name: '', rel: 'a.csv', size: 12, path: 'a.csv' }],
      outputs: [{ name: '', rel: 'a.csv', size: null, path: null }],
      result: '{}', metrics: { a: 1 }
    }; // prettier-ignore
    const model = new DatumModel(
      {
        datum: async () => datum,
        position: async () => ({ ...datum, id: null, key: null, state: 'pending' }),
        log: async () => ({ text: 'a log', size: 99, cut: true }),
        display: async () => [],
        history: async () => Promise.reject(new Error('an older server')),
        lineage: async () => null
      },
      PROJECT,
      RUN
    );
    const widget = new DatumWidget(page.host, model);
    Widget.attach(widget, document.body);
    await model.open(11);
    await until(() => (widget.node.textContent ?? '').includes('a log'));
    expect(bareWords(widget.node)).toEqual([]);
    await model.openAt(3);
    await until(() => (widget.node.textContent ?? '').includes('⟦It has not run yet.⟧'));
    expect(bareWords(widget.node)).toEqual([]);
    widget.dispose();
  });

  it('the output of a cell, its badge, and the status bar', async () => {
    await page.withRun(Uint8Array.of(2, 3), { status: 'running', success: 1, failed: 1 });
    const output = new RunOutput(page.host, page.runs);
    const badge = new Badge(page.host);
    const item = new StatusItem(page.host, page.panel);
    [output, badge, item].forEach(widget => Widget.attach(widget, document.body));
    const run = aRun({ failed: 2, total: 4 });
    badge.tell({ name: run.name, run, edited: true, streams: true, picked: null });
    const counts = { total: 4, success: 1, failed: 1 };
    const bundle = { project: PROJECT, run: RUN, name: 'means', status: 'running', counts };
    await output.renderModel({ data: { [MIME_TYPE]: bundle } } as any);
    for (const widget of [output, badge, item]) {
      await until(() => (widget.node.textContent ?? '').includes('⟦'));
      expect(bareWords(widget.node)).toEqual([]);
      widget.dispose();
    }
  });

  it('the labels of all commands', () => {
    const commands = new CommandRegistry();
    const app: any = { commands };
    const { panel, plans } = page;
    const rest: any = { actions: null, views: null, palette: null, notebook: () => null };
    addCommands({ app, panel, plans, trans: brackets, ...rest });
    const labels = commands.listCommands().map(id => commands.label(id));
    expect(labels.length).toBeGreaterThan(15);
    expect(labels.filter(label => !/^⟦.*⟧$/.test(label))).toEqual([]);
  });
});
