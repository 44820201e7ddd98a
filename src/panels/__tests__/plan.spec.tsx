/** The plan in the panel, the three questions, and where a datum comes from. */
import { Widget } from '@lumino/widgets';

import { CELL, Notebook, Page } from '../../__tests__/page';
import { aPlan, aRun, PROJECT, RUN, until } from '../../__tests__/world';
import { DatumModel } from '../../models/datum';
import { Commands } from '../../tokens';
import { DatumWidget } from '../datumview';
import { newByDay } from '../overview';

const EVIL = '<img src=x onerror=alert(1)>\u202e\u001b[31mred';
const DONE = { status: 'success', success: 3, ended: 12 } as const;
const RECIPE = { project: PROJECT, transform: 'means', recipe: 'a'.repeat(64) };

describe('the plan', () => {
  let page: Page;

  beforeEach(async () => {
    page = new Page();
    await page.withRun(Uint8Array.of(2, 2, 2), DONE);
  });
  afterEach(() => page.dispose());

  const make = (source = CELL) => page.plans.make('means', source, async () => RECIPE);

  it('is asked for by a button', async () => {
    (await page.find(/^Plan$/)).click();
    expect(page.executed.pop()).toEqual([Commands.plan, { name: 'means' }]);
  });

  it('stays with its notebook: another one may have a transform of that name', async () => {
    page.upkeep.told.push({ plan: aPlan({ would_run: 7 }) });
    await make();
    await page.says('of 10 would run');
    expect(page.plans.would('means')).not.toBeNull();
    const other = new Notebook();
    other.path = 'other/readings.ipynb';
    page.panel.setNotebook(other);
    await until(() => page.panel.selected === 'means');
    expect(page.text).not.toContain('of 10 would run');
    expect([page.plans.recipe, page.plans.would('means')]).toEqual([null, null]);
    page.panel.setNotebook(page.notebook);
    await page.says('of 10 would run');
  });

  it('counts no more in the row once the transform has run, whoever began that', async () => {
    page.upkeep.told.push({ plan: aPlan({ would_run: 7 }) });
    await make();
    await until(() => /7 to run/.test(page.text));
    expect(page.text).not.toContain('has run since');
    const run = aRun({ ...DONE, uuid: 'e'.repeat(32), id: 99 });
    page.put({ type: 'runs', project: PROJECT }, [run]);
    await until(() => page.plans.would('means') === null && !/7 to run/.test(page.text));
    await page.says('It has run since: plan again.');
  });

  it('says what would run and why, naming the part that changed', async () => {
    page.upkeep.told.push(
      { state: 'open', plan: aPlan({ total: 2, would_run: 1, ended: false, reasons: { new: 1 } }) },
      {
        plan: aPlan({
          estimate: 60,
          sizes: { bytes: 3e9, median: 5, p95: 7, largest: [[EVIL, 2e9]] },
          notes: ['ids are positions'],
          errors: ["'/in/a': Permission denied"],
          unknown: 3,
          ahead: [
            { name: 'tiles', would_run: 12, total: 40, error: null },
            { name: 'masks', would_run: 0, total: 0, error: `no ${EVIL}` }
          ]
        })
      }
    );
    await make();
    await page.says('of 10 would run');
    expect(page.upkeep.asked).toEqual([
      { verb: 'plan', transform: 'means', recipe: RECIPE.recipe }
    ]);
    for (const words of ['helpers.resize', 'code changed', 'about 30 s on 2 workers', '3.0 GB']) {
      expect(page.text).toContain(words);
    }
    expect(page.text).toContain('ids are positions');
    expect(page.text).toContain('Upstream tiles has 12 datums to do first; what they give comes');
    expect(page.text).toContain('Upstream masks cannot be planned: no ');
    expect(page.text).toContain(
      "incomplete: '/in/a': Permission denied Whether 3 datums that are not listed are there"
    );
    expect(page.text).toContain('b.csv (code changed: helpers.resize)');
    expect(page.sidebar.node.querySelector('img')).toBeNull();
    (await page.find(/^Run new and failed only: 1$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means', which: 'fresh' }]);
    (await page.find(/^Run these 4$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means', which: 'due' }]);
  });

  it('waits for a kernel that is started to record the cell, and says how far it is', async () => {
    page.upkeep.told.push({ verb: 'record', state: 'open', cells: null });
    page.upkeep.told.push(
      ...Array(4).fill({ verb: 'record', state: 'open', cells: [2, 5] }),
      { verb: 'record', recipe: RECIPE.recipe },
      { plan: aPlan() }
    );
    const { project, transform } = RECIPE;
    const recording = { project, transform, upkeep: 'rec' };
    const made = page.plans.make('means', CELL, async () => recording);
    await page.says('cell 2 of 5');
    expect(page.text).toContain('No transform runs');
    await made;
    await page.says('of 10 would run');
    expect(page.upkeep.asked).toEqual([{ verb: 'plan', transform, recipe: RECIPE.recipe }]);
    expect(page.upkeep.givenUp).toEqual([]);
  });

  it('can be given up while the kernel starts', async () => {
    page.upkeep.told.push(...Array(99).fill({ verb: 'record', state: 'open' }));
    const { project, transform } = RECIPE;
    const made = page.plans.make('means', CELL, async () => ({
      project,
      transform,
      upkeep: 'rec'
    }));
    (await page.find(/^Cancel$/)).click();
    expect(page.executed.pop()![0]).toBe(Commands.closePlan);
    page.plans.close();
    expect(await made).toBeNull();
    expect(page.upkeep.givenUp).toEqual(['rec']);
    expect([page.plans.busy, page.upkeep.asked]).toEqual([null, []]);
  });

  it('runs the reasons and the single datums that one has chosen', async () => {
    page.upkeep.told.push({
      plan: aPlan({
        would_run: 9,
        reasons: { unchanged: 6, new: 2, 'code changed': 7, 'output edited by hand': 1 },
        examples: { new: ['a.csv', EVIL], 'code changed': ['c.csv', 'd.csv'] },
        keys: { new: ['61', '62'], 'code changed': ['63', '64'] }
      })
    });
    await make();
    await page.find(/^Run these 9$/);
    const boxes = () => [...page.sidebar.node.querySelectorAll<HTMLInputElement>(
      '.jp-datum-reasons input' // nothing runs for what is unchanged, or was edited by hand
    )]; // prettier-ignore
    const box = (name: string) => boxes().find(one => one.getAttribute('aria-label') === name)!;
    expect(boxes()).toHaveLength(6);
    expect(page.button(/^Run selected/)).toBeUndefined();
    // Which part of the code it was, before the many datums that this touches.
    const folded = box('Choose c.csv').closest('details')!;
    folded.open = true;
    await until(() => folded.querySelector('.jp-datum-parts') !== null);
    expect(folded.textContent).toMatch(/code changed.*helpers\.resize.*c\.csv/s);
    box('Choose those with: new').click();
    await page.find(/^Run selected \(2\)$/);
    expect([box('Choose a.csv').checked, box('Choose a.csv').disabled]).toEqual([true, true]);
    box('Choose d.csv').click();
    (await page.find(/^Run selected \(3\)$/)).click();
    const args = { name: 'means', which: 'added', keys: ['64'] };
    expect(page.executed.pop()).toEqual([Commands.run, args]);
    box('Choose those with: new').click();
    (await page.find(/^Run selected \(1\)$/)).click();
    expect(page.executed.pop()).toEqual([Commands.run, { name: 'means', keys: ['64'] }]);
    page.notebook.edit(`${CELL} * 2`); // what was planned is no longer what stands there
    await until(() => page.button(/^Run selected/)!.getAttribute('aria-disabled') === 'true');
  });

  it('marks as equivalent after one more question, and takes it back', async () => {
    page.upkeep.told.push({ plan: aPlan() });
    await make();
    (await page.find(/^Mark as equivalent …$/)).click();
    await page.says('3 results count as made by the present code');
    (await page.find(/^Mark as equivalent$/)).click();
    expect(page.executed.pop()![0]).toBe(Commands.equivalent);
    page.upkeep.told.push(
      { verb: 'equivalent', lines: ['means: the present code counts'] },
      { plan: aPlan({ would_run: 1, reasons: { new: 1, unchanged: 9 }, marked: true }) }
    );
    await page.plans.decide('equivalent', {});
    await page.says('This code counts as equivalent');
    expect(page.text).toContain('means: the present code counts');
    expect(page.upkeep.asked[1]).toEqual({
      verb: 'equivalent',
      transform: 'means',
      recipe: RECIPE.recipe
    });
    (await page.find(/^Take the mark back$/)).click();
    expect(page.executed.pop()).toEqual([Commands.equivalent, { undo: true }]);
  });

  it('lists what would be removed before it asks for that', async () => {
    const gone = [{ key: 'old.csv', files: 5, first: ['old.txt', 'old.png'] }];
    page.upkeep.told.push({ plan: aPlan({ vanished: 2, gone, left_input: 1 }) });
    await make();
    (await page.find(/^Remove the outputs of 2 vanished inputs …$/)).click();
    await page.says('old.csv → old.txt, old.png, …');
    expect(page.text).toContain('and 1 more');
    (await page.find(/^Remove them$/)).click();
    expect(page.executed.pop()![0]).toBe(Commands.prune);
    page.upkeep.told.push({ verb: 'prune', lines: ['2 removed'] }, { plan: aPlan() });
    await page.plans.decide('prune', { all: true });
    expect(page.upkeep.asked[1]).toEqual({ verb: 'prune', transform: 'means', all: true });
  });

  it('tells in a sentence why there is none', async () => {
    page.upkeep.told.push({ state: 'refused', message: 'the folder in/ is not there' });
    await make();
    await page.says('the folder in/ is not there');
    await page.plans.make('means', CELL, () => Promise.reject(new Error('no kernel reads it')));
    await page.says('no kernel reads it');
    expect(page.plans.busy).toBeNull();
    page.plans.close();
    await until(() => !page.text.includes('no kernel reads it'));
  });

  it('says that the cell was edited since', async () => {
    page.upkeep.told.push({ plan: aPlan() });
    await make();
    page.notebook.edit(`${CELL} * 2`);
    await page.says('The cell was edited since: plan again.');
  });

  it('lets go of a plan when another one takes its place', async () => {
    let tell: (recipe: typeof RECIPE) => void = () => undefined;
    const first = page.plans.make('means', CELL, () => new Promise(done => (tell = done)));
    page.upkeep.told.push({ plan: aPlan({ would_run: 7 }) });
    await make();
    tell(RECIPE);
    expect(await first).toBeNull();
    expect(page.plans.plan!.would_run).toBe(7);
  });
});

describe('the three questions', () => {
  it('are answered for the selected transform', async () => {
    const page = new Page();
    const today = new Date().toISOString().slice(0, 10);
    page.answers = () => ({
      name: 'means',
      datums: 1234,
      counting: false,
      times: { looked: 1234, all: true, p50: 0.012, p95: 0.04, longest: 3 },
      days: [{ date: today, new: 34, executions: 40 }]
    });
    await page.withRun(Uint8Array.of(2, 2, 2), DONE);
    await page.says('95% < 40 ms');
    const times = page.sidebar.node.querySelector('.jp-datum-questions small[title*=longest]')!;
    expect(times.getAttribute('title')).toContain('95% up to 40 ms, longest 3.0 s');
    expect(page.text).toContain('1,234');
    const chart = page.sidebar.node.querySelector('.jp-datum-days')!;
    expect(chart.getAttribute('aria-label')).toContain('today 34, 34 in 7 days');
    page.dispose();
  });

  it('say nothing of days before the first run has ended', async () => {
    const page = new Page();
    page.answers = () => ({
      name: 'means',
      datums: 3,
      counting: false,
      times: { looked: 1, all: true, p50: 0.012, p95: 0.04, longest: 3 },
      days: []
    });
    await page.withRun(Uint8Array.of(2, 1, 0), { status: 'running', total: 3 });
    await page.says('New a day');
    expect(page.text).not.toContain('in 7 days');
    page.dispose();
  });

  it('count days without work', () => {
    const now = Date.parse('2026-03-02T12:00:00Z');
    const days = [
      { date: '2026-03-02', new: 2, executions: 2 },
      { date: '2026-02-27', new: 5, executions: 5 }
    ];
    expect(newByDay(days, now, 5)).toEqual([0, 5, 0, 0, 2]);
  });
});

describe('the page of a datum', () => {
  const none = { count: 0, capped: false, first: [] };
  const node = (more: object) => ({
    id: 5,
    transform: 'raw',
    key: EVIL,
    state: 'success' as const,
    run: RUN,
    version: 1,
    current: true,
    gone: false,
    inputs: none,
    outputs: none,
    up: none,
    down: none,
    ...more
  });
  const version = { run: RUN, at: 5, seconds: 2, attempt: 1, input: 'abcdef0123', changed: [] };
  const history = {
    codes: { 1: 'x = 1', 2: 'x = 2', 3: 'x = 3' },
    diff: '--- code 2\n+++ code 3\n@@ -1 +1 @@\n-x = 2\n+x = <img src=x>',
    versions: [
      { ...version, state: 'success' as const, code: 3, changed: ['code', 'input'] },
      { ...version, state: 'failed' as const, code: 2 }
    ]
  };

  it('tells its history with the difference of two codes, and its lineage with links', async () => {
    const asked: unknown[] = [];
    const executed: unknown[] = [];
    const page = new Page();
    const commands = page.host.commands;
    commands.commandExecuted.connect((_, { id, args }) => executed.push([id, args]));
    const datum: any = {
      id: 11,
      key: 'a.csv',
      state: 'success',
      attempt: 1,
      position: 0,
      seconds: 1,
      attempts: [],
      inputs: [],
      outputs: [],
      result: null,
      metrics: {}
    };
    const model = new DatumModel(
      {
        datum: async () => datum,
        position: async () => datum,
        log: async () => ({ text: '', size: 0, cut: false }),
        display: async () => [],
        history: async (...all) => {
          asked.push(all.slice(2));
          return history;
        },
        lineage: async () =>
          node({ id: 11, up: { count: 30, capped: false, first: [node({})] }, current: false })
      },
      PROJECT,
      RUN
    );
    const widget = new DatumWidget(page.host, model);
    Widget.attach(widget, document.body);
    await model.open(11);
    const text = () => widget.node.textContent ?? '';
    await until(() => text().includes('code · input'));
    expect(text()).toContain('It was made by code that has changed since.');
    expect(text()).toContain('and 29 more');
    expect(widget.node.querySelector('img')).toBeNull();
    expect(widget.node.querySelector('[data-sign=plus]')!.textContent).toContain('+x = <img');
    expect(widget.node.querySelectorAll('[data-sign=head]')).toHaveLength(3);
    widget.node.querySelector<HTMLButtonElement>('[data-part=lineage] button')!.click();
    await until(() => executed.length > 0);
    expect(executed.pop()).toEqual([Commands.openDatum, { project: PROJECT, run: RUN, datum: 5 }]);
    const select = widget.node.querySelector<HTMLSelectElement>('[data-part=history] select')!;
    expect(select.value).toBe('2');
    select.value = '1';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    await until(() => asked.length === 2);
    expect(asked[1]).toEqual([1, 3]);
    widget.dispose();
    page.dispose();
  });
});
