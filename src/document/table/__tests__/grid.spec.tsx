/** The grid in a page: few nodes for a million rows, all of them within reach of the keyboard. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import React from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { TableWorld } from '../../../__tests__/rows';
import { until } from '../../../__tests__/world';
import { HostContext, useSignals } from '../../../panels/parts';
import { Commands } from '../../../tokens';
import { SelectionBar } from '../bar';
import { columnsOf, shownOf } from '../columns';
import { FilterBox } from '../filterbox';
import { Grid } from '../grid';

const trans = nullTranslator.load('x');
const { act } = React as unknown as { act: (run: () => Promise<unknown>) => Promise<void> };
(globalThis as any).IS_REACT_ACT_ENVIRONMENT = true;

/** Filter box, grid and line, as the tab has them. */
function View(props: { world: TableWorld; done: [string, unknown][] }): JSX.Element {
  const { world, done } = props;
  const { table, run } = world;
  const [filter, setFilter] = React.useState('');
  const [sort, setSort] = React.useState('pos');
  const [view, setView] = React.useState<[number, number]>([0, 0]);
  const input = React.useRef<HTMLInputElement>(null);
  useSignals(table.changed, run.changed);
  React.useEffect(() => table.show({ filter, sort, other: '' }), [filter, sort]);
  const columns = columnsOf(trans, table.metrics, null);
  const say = (what: string) => (value?: unknown) => void done.push([what, value]);
  return (
    <>
      <FilterBox {...{ model: table, filter, input }} onFilter={setFilter} onLeave={say('leave')} />
      <Grid
        model={table}
        columns={columns.filter(one => shownOf(columns, '').has(one.id))}
        rows={table.matches ?? 0}
        sort={sort}
        onSort={setSort}
        onFollow={say('follow')}
        onView={(first, last) => setView([first, last])}
        actions={{
          open: say('open'),
          openFile: say('file'),
          copy: say('copy'),
          retry: say('retry'),
          notebook: say('notebook'),
          filter: () => input.current?.focus(),
          close: say('close'),
          tooMany: say('many')
        }}
      />
      <SelectionBar model={table} view={view} told={null} />
    </>
  );
}

describe('the columns', () => {
  const ids = (compared: string | null) =>
    columnsOf(trans, ['score'], compared).map(({ id, label }) => `${id}: ${label}`);

  it('begin with what differs, under the name of the run that stands beside', () => {
    expect(ids(null).slice(2, 5)).toEqual(['state: state', 'tries: tries', 'dur: took']);
    expect(ids('run 6').slice(2, 7)).toEqual([
      'state: state',
      'was: run 6',
      'dur: took',
      'before: took, run 6',
      'm.score: score'
    ]);
    expect(ids('run 6')).toHaveLength(ids(null).length + 2);
  });
});

describe('a table of a million rows', () => {
  let node: HTMLElement;
  let root: Root;
  let world: TableWorld;
  let done: [string, unknown][];

  const grid = () => node.querySelector<HTMLElement>('[role=grid]')!;
  const rows = () => [...grid().querySelectorAll('[role=row]')].slice(1);
  const current = () => document.getElementById(grid().getAttribute('aria-activedescendant') ?? '');
  const press = (key: string, more: object = {}) =>
    act(async () => {
      grid().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));
    });
  const typed = (text: string) =>
    act(async () => {
      const input = node.querySelector('input')!;
      const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!;
      set.call(input, text);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
  const loaded = () => act(() => until(() => !world.table.loading));

  beforeEach(async () => {
    jest.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(508);
    world = new TableWorld(1_000_000);
    done = [];
    node = document.body.appendChild(document.createElement('div'));
    root = createRoot(node);
    const commands = new CommandRegistry();
    commands.addCommand(Commands.retrySelection, {
      execute: args => void done.push(['retry-selection', args])
    });
    await act(async () =>
      root.render(
        <HostContext.Provider value={{ trans, commands }}>
          <View world={world} done={done} />
        </HostContext.Provider>
      )
    );
    await loaded();
  });

  afterEach(async () => {
    await act(async () => root.unmount());
    node.remove();
    jest.restoreAllMocks();
  });

  it('has nodes for the rows in view alone, and says how many there are', () => {
    expect(grid().getAttribute('aria-rowcount')).toBe('1000001');
    expect(rows().length).toBeGreaterThan(19);
    expect(rows().length).toBeLessThan(30);
    expect(rows()[0].textContent).toContain('f/0');
    expect(node.textContent).toContain('rows 1 to 20 of 1,000,000');
  });

  it('goes to any row by keys', async () => {
    await press('End');
    await loaded();
    expect(current()?.closest('[role=row]')?.getAttribute('aria-rowindex')).toBe('1000001');
    expect(rows()[rows().length - 1].textContent).toContain('f/999999');
    await press('ArrowUp');
    await press('PageUp');
    expect(current()?.closest('[role=row]')?.getAttribute('aria-rowindex')).toBe('999980');
    await press('Home');
    await press('ArrowRight');
    expect(current()?.textContent).toBe('f/0');
    await press('Enter');
    await press('c');
    expect(done).toEqual([
      ['open', 0],
      ['copy', 0]
    ]);
  });

  it('selects by keys, and retries what was selected', async () => {
    await press(' ');
    await press('End', { shiftKey: true });
    expect(node.textContent).toContain('1,000,000 selected');
    expect(node.textContent).toContain('Retry 100,000');
    const button = node.querySelector<HTMLButtonElement>(
      `[data-command="${Commands.retrySelection}"]`
    )!;
    await act(async () => button.click());
    const args = { project: world.run.project, run: world.run.uuid, ranges: [[0, 999_999]] };
    expect(done).toContainEqual(['retry-selection', args]);
    expect(world.asked.length).toBeLessThan(5); // and no list of them was ever made
    await press('a', { ctrlKey: true });
    expect(world.table.all).toBe(true);
    await press('Escape');
    expect(world.table.chosen).toBeNull();
    await press('Escape');
    expect(done[done.length - 1][0]).toBe('close');
  });

  it('sorts by the head of a column, from its end the second time', async () => {
    const head = () => grid().querySelector<HTMLElement>('[role=columnheader]')!;
    await act(async () => head().querySelector('button')!.click());
    expect(head().getAttribute('aria-sort')).toBe('descending');
    await loaded();
    expect(rows()[0].textContent).toContain('f/999999');
  });

  it('filters by words, each a chip that can be taken out', async () => {
    await typed('state:failed ');
    await loaded();
    const chip = node.querySelector('.jp-datum-filter-chip')!;
    expect(chip.textContent).toBe('state:failed');
    expect(node.textContent).toContain('100,000 match');
    expect(rows()[1].textContent).toContain('f/10');
    await typed('dur:>');
    expect(world.asked.some(one => one.filter?.includes('dur:>'))).toBe(false);
    await act(async () => chip.querySelector('button')!.click());
    await loaded();
    expect(world.table.view.filter).toBe('');
  });

  it('tells in words what the server does not take', async () => {
    world.refuses = "'colour:red': there is no 'colour'; there are: state";
    await typed('colour:red ');
    await act(() => until(() => world.table.error !== null));
    expect(node.querySelector('[role=alert]')?.textContent).toContain("there is no 'colour'");
  });

  it('shows hostile names as text', async () => {
    const rows = world.rows.bind(world);
    world.rows = async query => {
      const found = await rows(query);
      const evil = { key: '<img src=x onerror=alert(1)>\u202e\u001b[31mx\n', worker: '<b>w</b>' };
      const error = { type: '<i>', message: '\u001b[31m<script>alert(1)</script>\nand more' };
      return {
        ...found,
        metrics: ['<u>m'],
        rows: found.rows.map(row => ({ ...row, ...evil, error }))
      };
    };
    await typed('state:failed ');
    await loaded();
    expect(node.querySelector('img, script, i, u, .jp-datum-grid b')).toBeNull();
    expect(grid().textContent).toContain('<img src=x onerror=alert(1)>\\u202ex');
    expect(grid().textContent).toContain('<script>alert(1)</script> and more');
  });
});
