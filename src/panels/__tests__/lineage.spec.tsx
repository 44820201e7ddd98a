/** The Lineage tab in a page of jsdom: what is drawn is text, and the keyboard does everything. */
import { ReactWidget } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { aRun, FakeServer, PROJECT, RUN, until } from '../../__tests__/world';
import LineageTab from '../../document/tabs/lineage';
import { DocumentModel } from '../../models/document';
import { RunsModel } from '../../models/runs';
import type { Requests } from '../../requests';
import { Commands } from '../../tokens';
import { nodeName } from '../lineage/chain';
import { HostContext } from '../parts';

const EVIL = '<img src=x onerror=alert(1)>\u202e';
const none = { first: [], count: 0, capped: false };

function node(id: number, more: object = {}): any {
  const empty = { inputs: none, outputs: none, up: none, down: none };
  return {
    ...{
      id,
      transform: `t ${EVIL}`,
      key: `k${id} ${EVIL}`,
      state: 'success',
      run: RUN,
      version: 2
    },
    ...{ current: false, gone: false, seconds: 0.01, ...empty, ...more }
  };
}

function file(path: string | null, now: string): any {
  return { path, rel: 'rel.png', size: 2048, content: 'c', now };
}

const HISTORY = {
  versions: [
    { run: RUN, number: 7, at: 1, seconds: 1, state: 'success', attempt: 1, code: 2, input: 'i',
      changed: ['code', 'input'], parts: [`helpers.${EVIL}`] },
    { run: RUN, number: 4, at: 1, seconds: 1, state: 'failed', attempt: 1, code: 1, input: 'i',
      changed: [], parts: [], message: `ValueError: ${EVIL}`, pruned: 1_000_000, restored: true }
  ],
  formerly: [[`old ${EVIL}`, 1_000_000]],
  codes: { 1: 'a', 2: 'b' },
  marks: { 1: '4fe1aaaa', 2: 'a07caaaa' },
  differs: ['the cell', 'THRESHOLD'],
  diff: `--- code 1\n+++ code 2\n@@ -1 +1 @@\n-${EVIL}\n+print(1)`,
  helpers: [
    { name: `helpers.${EVIL}`, old: 'return 1', new: 'return 2',
      diff: '--- code 1: h\n+++ code 2: h\n@@ -1 +1 @@\n-return 1\n+return 2' }
  ]
}; // prettier-ignore

describe('the Lineage tab', () => {
  let executed: [string, any][];
  let model: DocumentModel;
  let widget: Widget;
  let asked: string[];

  beforeEach(() => {
    executed = [];
    asked = [];
    const commands = new CommandRegistry();
    for (const id of [...Object.values(Commands), 'filebrowser:go-to-path']) {
      commands.addCommand(id, { execute: args => void executed.push([id, args]) });
    }
    const outputs = {
      first: [file('out/a.png', 'edited'), file(null, '')],
      count: 2,
      capped: false
    };
    const root = node(1, {
      formerly: [`old ${EVIL}`],
      outputs,
      up: { first: [], count: 5, capped: false, rest: 'cut' },
      down: { first: [node(2, { now: 'earlier' }), node(3)], count: 4000, capped: false }
    });
    const requests = {
      run: async () => aRun({ name: 'seg' }),
      datums: async () => ({ datums: [{ id: 1 }], next: null }),
      lineage: async (_: string, id: number) => (id === 1 ? root : node(id)),
      history: async () => HISTORY,
      graph: async () => ({
        transforms: [
          { name: 'seg', run: RUN, status: 'failed', engine: 'dask', raw: [], declared: [],
            counts: { total: 20, success: 18, failed: 2 }, out: null,
            sources: [{ input: 'a', name: `in ${EVIL}`, path: 'in', files: 20 }] },
          { name: 'stats', run: null, status: null, engine: null, raw: [], declared: [],
            counts: {}, out: null, sources: [] }
        ], // prettier-ignore
        edges: [{ from: 'seg', to: 'stats', input: 'b' }]
      }),
      users: async (_: string, query: any) => {
        asked.push(JSON.stringify(query));
        const transforms = [{ transform: 'seg', run: RUN, count: 120, capped: false }];
        return {
          asked: '',
          transforms,
          datums: [node(query.after + 11)],
          next: query.after ? null : 1
        };
      }
    } as unknown as Requests;
    model = new DocumentModel(new RunsModel(new FakeServer()), requests, {
      ...{ project: PROJECT, run: RUN, tab: 'lineage' }
    });
    const host = { trans: nullTranslator.load('x'), commands };
    widget = ReactWidget.create(
      <HostContext.Provider value={host}>
        <LineageTab model={model} theme={null} />
      </HostContext.Provider>
    );
    Widget.attach(widget, document.body);
  });

  afterEach(() => {
    widget.dispose();
    model.dispose();
  });

  const all = (what: string) => [...widget.node.querySelectorAll<HTMLElement>(what)];
  const rows = () => all('[role=treeitem]');
  const drawn = () => until(() => rows().length > 0 && all('[data-node]').length > 0);

  it('draws transforms with their counts, and opens them', async () => {
    await drawn();
    const [current] = all('[aria-current=true]');
    expect(current.getAttribute('aria-label')).toBe(
      'seg, dask, 20 datums · 2 failed, done with failures'
    );
    current.click();
    expect(executed.pop()).toEqual([
      Commands.openRun,
      { project: PROJECT, run: RUN, tab: 'lineage' }
    ]);
    const idle = all('[data-node="transform:stats"]')[0];
    expect(idle.getAttribute('aria-disabled')).toBe('true');
    expect(idle.textContent?.replace(/\s+/g, ' ')).toBe('stats has not run');
    idle.click();
    expect(executed).toEqual([]);
    const source = all('[data-node="source:in"]')[0];
    source.click();
    expect(executed.pop()).toEqual(['filebrowser:go-to-path', { path: 'in' }]);
    expect(source.textContent).toContain('<img src=x onerror=alert(1)>\\u202e');
  });

  it('has one node in the tab order, and arrows lead along the edges', async () => {
    await drawn();
    const [current] = all('[data-node][tabindex="0"]');
    expect(current.dataset.node).toBe('transform:seg');
    current.focus();
    current.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    await until(() => document.activeElement?.getAttribute('data-node') === 'transform:stats');
    expect(all('[data-node][tabindex="0"]')).toHaveLength(1);
  });

  it('shows the chain with what was edited since, and nothing of it as HTML', async () => {
    await drawn();
    const text = rows()
      .map(row => row.textContent)
      .join('\n');
    expect(text).toContain('k1 <img src=x onerror=alert(1)>\\u202e');
    expect(text).toContain('edited since');
    expect(text).toContain('formerly old <img src=x onerror=alert(1)>\\u202e');
    expect(text).toContain('3,998 more');
    expect(text).toContain('5 more, not followed from here');
    expect(text.match(/made from an earlier version/g)).toHaveLength(1);
    expect(widget.node.querySelector('img')).toBeNull();
    const selected = rows().filter(row => row.getAttribute('aria-selected') === 'true');
    expect(selected).toHaveLength(1);
  });

  it('goes through the tree by keys, and shows the users of a file', async () => {
    await drawn();
    const tree = all('[role=tree]')[0];
    rows()[0].focus();
    const press = (key: string) =>
      (document.activeElement ?? tree).dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true })
      );
    press('ArrowDown');
    await until(() => document.activeElement?.textContent?.includes('out/a.png') ?? false);
    const button = (name: string) => all('button').find(one => one.textContent === name);
    await until(() => button('Show datums that used this file') !== undefined);
    button('Show datums that used this file')!.click();
    await until(() => all('.jp-datum-user').length === 1);
    expect(model.file).toBe('out/a.png');
    expect(widget.node.textContent).toContain('seg 120');
    button('Show more')!.click();
    await until(() => all('.jp-datum-user').length === 2);
    expect(button('Show more')).toBeUndefined();
    button('seg 120')!.click();
    await until(() => asked.length === 3);
    expect(asked[2]).toContain('"transform":"seg"');
    await until(() => all('.jp-datum-user').length === 1);
    all('.jp-datum-user')[0].click();
    await until(() => rows().length > 0);
    expect(model.file).toBe('');
  });

  it('shows the history with both codes side by side', async () => {
    await drawn();
    await until(() => all('.jp-datum-past-row').length === 2);
    const [newest, first] = all('.jp-datum-past-row').map(row => row.textContent);
    expect(newest).toContain('run 7');
    expect(newest).toContain('helpers.<img src=x onerror=alert(1)>\\u202e changed · input changed');
    expect(first).toContain('first version · brought back · outputs pruned Jan 12, 1970');
    expect(first).toContain('ValueError: <img src=x onerror=alert(1)>');
    const [former] = all('[data-part=formerly]').map(one => one.textContent);
    expect(former).toMatch(/^until Jan 12, 1970.* old <img src=x/);
    expect(widget.node.textContent).toContain('the cell changed · THRESHOLD changed');
    const tables = all('[data-part=sides]').map(table => [...table.querySelectorAll('td')]);
    const [cells, helper] = tables.map(table => table.map(cell => cell.textContent));
    expect(all('[data-part=helper]').map(head => head.textContent)).toEqual([
      'helpers.<img src=x onerror=alert(1)>\\u202e'
    ]);
    expect(helper).toEqual(['1', '−removed return 1', '1', '+added return 2']);
    expect(cells).toEqual([
      '1',
      '−removed <img src=x onerror=alert(1)>\\u202e',
      '1',
      '+added print(1)'
    ]);
  });
});

it('calls an item by its place, as table and map do, where the server tells it', () => {
  const trans = nullTranslator.load('x');
  const key = '\\xc1\\xff\\x93\\x9c{';
  expect(nodeName(trans, { id: 4008, key, position: 7 })).toBe('datum 8');
  expect(nodeName(trans, { id: 4008, key })).toBe('datum #4008');
  expect(nodeName(trans, { id: 4008, key: 'in/a.txt', position: 7 })).toBe('in/a.txt');
});
