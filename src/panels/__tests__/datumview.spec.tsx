/** The page of a datum: the user's frames first, files with a look into them, all of it text. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { PROJECT, RUN, until } from '../../__tests__/world';
import { DatumRenderers } from '../../models/extensions';
import { DatumModel, keepFresh } from '../../models/datum';
import { Commands } from '../../tokens';
import type { IFrame, IPreview } from '../../tokens';
import { DatumWidget } from '../datumview';

const OTHER = 'c'.repeat(32);
const EVIL = '<img src=x onerror=alert(1)>\u202e\u001b[31m';

function frame(more: Partial<IFrame>): IFrame {
  return {
    where: 'cell',
    name: 'cell',
    package: null,
    path: null,
    line: 4,
    function: null,
    first: 3,
    lines: ['before', `fail("${EVIL}")`, 'after'],
    edited: false,
    skipped: 0,
    ...more
  };
}

function preview(more: Partial<IPreview> = {}): IPreview {
  return {
    kind: 'none',
    why: null,
    mime: 'text/plain',
    size: 12,
    modified: null,
    changed: false,
    digest: 'b35e10aa'.repeat(4),
    pixels: null,
    data: null,
    columns: null,
    rows: null,
    text: null,
    more: false,
    ...more
  };
}

describe('the page of a datum', () => {
  const executed: [string, any][] = [];
  const asked: any[][] = [];
  let widget: DatumWidget;
  let model: DatumModel;
  let shown: IPreview;
  let state: string;
  let about: object;
  let looks = 0;

  const failed = {
    run: RUN,
    attempt: 2,
    state: 'failed',
    worker: 'w1',
    began: 5,
    seconds: 0.003,
    message: EVIL,
    traceback: `Traceback\n  cell, line 4\nValueError: ${EVIL}`,
    phase: 'cell',
    place: 'cell line 4',
    log: 12,
    group: 1,
    partial: ['half.png']
  };
  const datum = {
    id: 11,
    key: `a/${EVIL}.csv`,
    state: 'failed',
    attempt: 2,
    attempts: [failed, { ...failed, attempt: 1, worker: 'w2', began: 1, seconds: 1, partial: [] }],
    seconds: 0.1,
    began: 1,
    worker: 'w1',
    position: 3,
    run: RUN,
    group: 1,
    inputs: [{ name: '', rel: EVIL, size: 12, path: 'work/a.csv' }],
    outputs: [],
    result: null,
    metrics: {},
    files: [1, 0]
  };
  const code = {
    notebook: 'work/a.ipynb',
    source: '%%datum crc -i "*"\nfail()',
    fingerprint: '4fe1'.repeat(8),
    parts: { cell: 'aa', 'module json': 'bb', THRESHOLD: 'cc'.repeat(16) },
    python: '3.12.4',
    packages: { rasterio: '1.4.3' },
    blocks: [
      { error: 'KeyError: 1', frames: [frame({ line: 9, first: 9, lines: ['look(1)'] })] },
      {
        error: `ValueError: ${EVIL}`,
        frames: [
          frame({}),
          frame({ where: 'file', name: EVIL, path: 'helpers.py', function: 'decode', line: 42 }),
          frame({ where: 'file', name: 'io.py', package: 'rasterio', lines: [] }),
          frame({ where: 'cut', skipped: 1200, lines: [] })
        ]
      }
    ]
  };

  async function open(more: object = {}, which: object = datum): Promise<HTMLElement> {
    about = which;
    const commands = new CommandRegistry();
    for (const id of Object.values(Commands).filter(id => id !== Commands.debugDatum)) {
      commands.addCommand(id, { execute: args => void executed.push([id, args]) });
    }
    model = new DatumModel(
      {
        datum: async () => {
          looks++;
          return about as any;
        },
        position: async () => ({ ...about, id: state === 'failed' ? 11 : null, state }) as any,
        display: async () => [],
        history: async () => Promise.reject(new Error('an older server')),
        lineage: async () => null,
        log: async () => ({ text: EVIL, size: 99, cut: true }),
        code: async () => code as any,
        preview: async (...args: any[]) => {
          asked.push(args.slice(2));
          return shown;
        },
        printing: async () => ({
          ...{ text: 'step 3', size: 6, cut: false, exact: true },
          ...{ worker: 'w1', began: 1 }
        })
      },
      PROJECT,
      RUN
    );
    const trans = nullTranslator.load('x');
    widget = new DatumWidget({ trans, commands, ...more }, model);
    Widget.attach(widget, document.body);
    await model.openAt(3);
    return widget.node;
  }

  beforeEach(() => {
    executed.length = asked.length = 0;
    shown = preview();
    state = 'failed';
  });

  afterEach(() => {
    widget.dispose();
  });

  it('shows the lines of the user, and counts the frames of others', async () => {
    const node = await open();
    await until(() => node.querySelector('[data-hit]') !== null);
    const hits = [
      ...node.querySelectorAll('.jp-datum-column > section > .jp-datum-frame [data-hit]')
    ];
    expect(
      hits.map(hit => hit.querySelector('.jp-datum-source-number')!.firstChild!.nodeValue)
    ).toEqual(['4']);
    expect(node.textContent).toContain('1 frame in rasterio, 1,200 in frames that were left out');
    expect(node.textContent).toContain('It came up while handling KeyError: 1');
    expect(node.querySelector('[data-part=traceback]')).toBeNull();
    const fold = node.querySelector<HTMLButtonElement>('.jp-datum-frames-rest .jp-datum-fold')!;
    fold.click();
    await until(() => node.querySelector('[data-part=traceback]') !== null);
    const links = [...node.querySelectorAll<HTMLButtonElement>('.jp-datum-frame-head button')];
    links[0].click();
    expect(executed.pop()).toEqual([Commands.openFile, { path: 'helpers.py' }]);
  });

  it('shows text as text, whatever it holds', async () => {
    shown = preview({ kind: 'text', text: EVIL });
    const node = await open();
    await until(() => node.querySelector('.jp-datum-head-of-file') !== null);
    await until(() => node.querySelector('[data-section=seen]') !== null);
    expect(node.querySelector('img, script')).toBeNull();
    expect(node.textContent).not.toMatch(/[\u202e\u001b]/);
    expect(node.textContent).toContain('THRESHOLD');
    // The cell's own `datum.key` holds what its pattern captured, and is something else.
    expect(node.querySelector('[data-section=seen] dt')!.textContent).toBe('name');
    expect(node.textContent).not.toContain('module json');
  });

  it('draws a picture from data alone, and says that it was changed', async () => {
    shown = preview({
      kind: 'image',
      mime: 'image/png',
      data: 'iVBORw0KGgo=',
      pixels: [256, 256],
      changed: true
    });
    const node = await open();
    await until(() => node.querySelector('img') !== null);
    expect(node.querySelector('img')!.getAttribute('src')).toBe(
      'data:image/png;base64,iVBORw0KGgo='
    );
    expect(node.textContent).toContain('256 × 256');
    expect(node.textContent).toContain('It was changed since');
    expect(asked).toContainEqual(['partial', 0, { run: RUN, attempt: 2 }]);
    shown = preview({ kind: 'image', mime: 'text/html', data: 'PHNjcmlwdD4=' });
    await model.open(11);
    await until(() => node.querySelector('.jp-datum-wait') === null);
    expect(node.querySelectorAll('img[src^="data:text"]')).toHaveLength(0);
  });

  it('shows the first rows of a table', async () => {
    shown = preview({ kind: 'table', columns: ['id', EVIL], rows: [['1', EVIL]], more: true });
    const node = await open();
    await until(() => node.querySelector('.jp-datum-preview td') !== null);
    expect(node.querySelectorAll('.jp-datum-preview tbody tr')).not.toHaveLength(0);
    expect(node.querySelector('[data-number]')!.textContent).toBe('1');
    expect(node.textContent).toContain('The first row; there is more.');
  });

  it('shows the row of a table, a column a line', async () => {
    shown = preview({
      kind: 'record',
      columns: [],
      rows: [
        ['zip', '00007'],
        [EVIL, `a\nb ${EVIL}`]
      ],
      changed: true
    });
    const table = { name: 'rows', rel: 'cities.csv', size: null, path: 'cities.csv' };
    const node = await open({}, { ...datum, inputs: [], table });
    await until(() => node.querySelector('[data-section=row] th') !== null);
    const section = node.querySelector('[data-section=row]')!;
    expect(asked).toContainEqual(['row', 0, {}]);
    expect([...section.querySelectorAll('th[scope=row]')].map(one => one.textContent)).toEqual([
      'zip',
      expect.stringContaining('<img')
    ]);
    expect(section.querySelector('td')!.textContent).toBe('00007');
    expect(section.querySelector('img')).toBeNull();
    expect(section.textContent).not.toMatch(/[\u202e\u001b]/);
    expect(section.textContent).toContain('The table was changed since');
    expect(section.textContent).toContain('cities.csv');
  });

  it('is read again when a run has made it green', async () => {
    const told = new Signal<object, any>({});
    const node = await open();
    const fresh = keepFresh(model, told);
    const run = { uuid: OTHER, status: 'success' };
    const going = { ...run, status: 'running' };
    const buttons = () => node.querySelector('.jp-datum-actions')?.textContent ?? '';
    await until(() => buttons().includes('Retry') && asked.length === 2);
    const before = asked.length;
    const looked = looks;
    told.emit({ project: PROJECT, run: going, before: null });
    told.emit({ project: 'another', run, before: going });
    told.emit({ project: PROJECT, run, before: going }); // it had nothing to do with this one
    for (let n = 0; n < 100; n++) {
      told.emit({ project: PROJECT, run: { ...run, uuid: `${n}` }, before: null }); // a first list
    }
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(looks).toBe(looked + 1);
    expect(asked).toHaveLength(before);
    const green = { ...failed, run: OTHER, attempt: 1, state: 'success', message: null };
    about = { ...datum, run: OTHER, attempt: 1, state: 'success', attempts: [green] };
    told.emit({ project: PROJECT, run, before: run }); // that it ended was told before
    expect(buttons()).toContain('Retry');
    told.emit({ project: PROJECT, run, before: going });
    await until(() => !buttons().includes('Retry'));
    fresh.dispose();
  });

  it('lets another extension draw a file', async () => {
    const renderers = new DatumRenderers();
    const gone: string[] = [];
    const given: any[] = [];
    renderers.add({
      mimeTypes: ['text/plain'],
      render: async (file, node) => {
        given.push(file);
        node.append('drawn elsewhere');
        return new DisposableDelegate(() => gone.push(file.side));
      }
    });
    const node = await open({ renderers });
    await until(() => node.textContent!.includes('drawn elsewhere'));
    expect(given[0]).toMatchObject({ project: PROJECT, run: RUN, datum: 11, side: 'input' });
    shown = preview({ data: 'AAEC' });
    expect([...new Uint8Array(await given[0].bytes())]).toEqual([0, 1, 2]);
    widget.dispose();
    await until(() => gone.includes('input'));
  });

  it('puts the attempts side by side and shows the one that is chosen', async () => {
    const node = await open();
    await until(() => node.querySelector('.jp-datum-tries') !== null);
    const row = (name: string) =>
      [...node.querySelectorAll('.jp-datum-tries tbody tr')]
        .find(one => one.querySelector('th')!.textContent === name)!
        .querySelectorAll('td');
    expect([...row('worker')].map(cell => cell.textContent)).toEqual(['w2', 'w1']);
    expect([...row('waited')].map(cell => cell.textContent)).toEqual(['–', '3.0 s']);
    expect(node.textContent).toContain('Same error 2 times, on 2 workers');
    node.querySelector<HTMLButtonElement>('.jp-datum-tries button')!.click();
    await until(() => model.attempt === 0 && model.code !== null);
    expect(node.textContent).toContain('datum 4 · attempt 1');
  });

  it('says of which run each attempt is, and what is of an earlier success', async () => {
    const [last, first] = datum.attempts;
    const attempts = [
      { ...first, run: 'a', number: 7 },
      { ...last, run: 'b', number: 9, attempt: 1 },
      { ...last, run: 'b', number: 9 }
    ];
    const node = await open({}, { ...datum, attempts, result: '7.5' });
    await until(() => node.querySelector('.jp-datum-tries') !== null);
    const heads = [...node.querySelectorAll<HTMLTableCellElement>('.jp-datum-tries thead th')];
    expect(heads.map(head => [head.textContent, head.colSpan])).toEqual([
      ['run 7', 1],
      ['run 9', 2],
      ['1', 1],
      ['1', 1],
      ['2', 1]
    ]);
    expect(node.querySelector('[aria-label="Attempt 1 of run 9"]')).not.toBeNull();
    const titles = [...node.querySelectorAll('h2')].map(title => title.textContent);
    expect(titles).toContain('Result of its last success');
    expect(titles).not.toContain('Result');
  });

  it('offers what can be done about a failure', async () => {
    const node = await open();
    await until(() => node.querySelector('[data-command="datum:open-in-notebook"]') !== null);
    node.querySelector<HTMLButtonElement>('[data-command="datum:open-in-notebook"]')!.click();
    expect(executed.pop()).toEqual([
      'datum:open-in-notebook',
      { project: PROJECT, run: RUN, datum: 11 }
    ]);
    expect(node.querySelector('[data-command="datum:debug-datum"]')).toBeNull();
  });

  it('follows what a datum prints while it is at work', async () => {
    state = 'running';
    const node = await open();
    await until(() => node.textContent!.includes('step 3'));
    expect(node.textContent).toContain('6 B up to now');
  });
});
