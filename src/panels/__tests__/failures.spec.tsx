/** Failures by kind: what is new, what is expected, the datums of a group, and the tab's keys. */
import { ReactWidget } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { Page } from '../../__tests__/page';
import { aGroup, aRun, PROJECT, RUN, snapshot, until } from '../../__tests__/world';
import FailuresTab from '../../document/tabs/failures';
import { DocumentModel } from '../../models/document';
import { Commands } from '../../tokens';
import { HostContext } from '../parts';

const GROUPS = [
  aGroup({ id: 1, datums: 400, new_since: 6, sample: 3 }),
  aGroup({ id: 2, type: 'KeyError', datums: 98, expected: { at: 5, by: 'ada' }, sample: 9 })
];

describe('the tab of failures', () => {
  let page: Page;
  let model: DocumentModel;
  let widget: Widget;
  let listed: any[];
  let waits: Promise<void> | null;
  const opened: number[] = [];

  function datum(id: number, position = id): any {
    return {
      ...{
        id,
        key: `a${id}.tif`,
        state: 'failed',
        attempt: 1,
        attempts: 2,
        seconds: 0.1,
        began: 1
      },
      ...{ worker: 'w1', position, run: RUN, group: id === 9 ? 2 : 1, outputs: [] }
    };
  }

  beforeEach(async () => {
    page = new Page();
    opened.length = 0;
    listed = [];
    waits = null;
    const requests: any = {
      run: async () => aRun(),
      datums: async (_: string, __: string, filter: any) => {
        listed.push(filter);
        await waits;
        const from = Number(filter.after ?? 0);
        const datums = Array.from({ length: 100 }, (_, n) => datum(from + n + 1));
        return { datums, next: from + 100 < 400 ? String(from + 100) : null };
      },
      datum: async (_: string, id: number) => {
        opened.push(id);
        return { ...datum(id), attempts: [], inputs: [], result: null, metrics: {} };
      },
      position: async (_: string, __: string, at: number) => datum(at, at),
      display: async () => [],
      history: async () => null,
      lineage: async () => null,
      log: async () => null
    };
    model = new DocumentModel(page.runs, requests, { project: PROJECT, run: RUN });
    const Shown = (): JSX.Element => (
      <HostContext.Provider value={page.host}>
        <FailuresTab model={model} theme={null} />
      </HostContext.Provider>
    );
    widget = ReactWidget.create(<Shown />);
    widget.addClass('jp-datum-document');
    Widget.attach(widget, document.body);
    await until(() => page.server.sockets.length === 1);
    page.server.last.open();
    const states = new Uint8Array(1000).fill(2).fill(3, 1, 401);
    const more = { status: 'failed', failed: 498, success: 502, expected: 98, ended: 9 } as const;
    snapshot(page.server.last, 1, states, more);
    page.put({ type: 'groups', project: PROJECT, run: RUN }, { groups: GROUPS, other: null });
    await until(() => opened.length > 0);
  });

  afterEach(() => {
    widget.dispose();
    model.dispose();
    page.dispose();
  });

  const text = () => widget.node.textContent ?? '';
  const find = (name: string) =>
    [...widget.node.querySelectorAll('button')].find(one => one.textContent === name);

  it('opens the largest group that nobody expects, and a datum of it', async () => {
    await until(() => text().includes('a1.tif'));
    expect(opened[0]).toBe(3);
    expect(model.group).toBe(1);
    expect(listed[0]).toMatchObject({ group: 1, state: 'failed' });
    expect(text()).toContain('new since run 6');
    await until(() => widget.node.querySelector('[aria-current]') !== null);
    expect(widget.node.querySelector('[aria-current]')!.textContent).toContain('a3.tif');
  });

  it('keeps rows in sight only in the page', async () => {
    await until(() => widget.node.querySelectorAll('.jp-datum-failed-row').length > 0);
    expect(widget.node.querySelectorAll('.jp-datum-failed-row').length).toBeLessThan(40);
    const box = widget.node.querySelector<HTMLElement>('.jp-datum-windowed')!;
    box.scrollTop = 100 * 24;
    box.dispatchEvent(new Event('scroll'));
    await until(() => listed.length > 1);
    await until(() => text().includes('a101.tif'));
  });

  it('shows the datums of a group until another look at them has as many', async () => {
    await until(() => model.datum.datum !== null);
    const rows = () => widget.node.querySelectorAll('.jp-datum-failed-row').length;
    await until(() => rows() > 0);
    const before = rows();
    const looks = listed.length;
    let answer = () => undefined as void;
    waits = new Promise(done => (answer = done));
    const states = new Uint8Array(1000).fill(3, 1, 401);
    snapshot(page.server.last, 2, states, { status: 'running', failed: 498, ended: null });
    await until(() => listed.length > looks);
    expect(rows()).toBe(before);
    expect(widget.node.textContent).not.toContain('Reading');
    answer();
    await new Promise(done => setTimeout(done, 50));
    expect(rows()).toBe(before);
  });

  it('folds what is expected, and takes it back', async () => {
    expect(text()).toContain('98 expected, in 1 group');
    expect(text()).not.toContain('KeyError');
    find('98 expected, in 1 group')!.click();
    await until(() => text().includes('KeyError'));
    expect(text()).toContain('expected, says ada');
    const rows = widget.node.querySelectorAll<HTMLButtonElement>('.jp-datum-group-text');
    rows[1].click();
    await until(() => find('Not expected any more') !== undefined);
    find('Not expected any more')!.click();
    expect(page.executed.pop()).toEqual([
      Commands.markExpected,
      { project: PROJECT, run: RUN, group: 2, undo: true }
    ]);
  });

  it('copies a group as text, and marks it as expected', async () => {
    await until(() => find('Copy') !== undefined);
    find('Copy')!.click();
    const [id, args] = page.executed.pop()!;
    expect(id).toBe(Commands.copyId);
    expect(args.text).toContain('ValueError: bad number\n400 datums of ');
    find('Mark as expected')!.click();
    expect(page.executed.pop()![1]).toEqual({ project: PROJECT, run: RUN, group: 1 });
  });

  it('goes to the next one by its command, and retries with R', async () => {
    await until(() => model.datum.datum?.id === 3);
    const next = () => widget.node.querySelector<HTMLButtonElement>('[aria-label="Next failure"]');
    await until(() => next() !== null);
    next()!.click();
    expect(page.executed.pop()).toEqual([Commands.nextFailure, { project: PROJECT, run: RUN }]);
    widget.node.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', bubbles: true }));
    expect(page.executed.pop()).toEqual([
      Commands.retryDatum,
      { project: PROJECT, run: RUN, datum: 3 }
    ]);
  });
});
