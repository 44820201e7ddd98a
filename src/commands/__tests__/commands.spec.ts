/** What holds for every command: who executes it can read what it takes, and gets an answer. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';

import { addCommands } from '..';
import { Page } from '../../__tests__/page';
import { aPlan, PROJECT, RUN, until } from '../../__tests__/world';
import { Actions } from '../../actions';
import { language } from '../../language';
import { RemediableError } from '../../remedy';
import type { IHeldRun } from '../../tokens';
import { add } from '../add';
import type { ICommandOptions } from '../options';

/** What the server was asked for, and nothing else: it agrees to all. */
function agreeing(asked: string[]): any {
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]) => {
          asked.push(`${String(name)} ${JSON.stringify(args.slice(0, 3))}`);
          return { run: RUN, request: 'r', datums: [], next: null };
        }
    }
  );
}

describe('all commands', () => {
  let page: Page;
  let commands: CommandRegistry;
  let listed: { command: string; category: string }[];
  let asked: string[];
  let front: IHeldRun | null;
  const shown = new Signal<object, void>({});

  beforeEach(() => {
    page = new Page();
    commands = new CommandRegistry();
    listed = [];
    asked = [];
    front = null;
    const views: any = {
      front: () => front?.model ?? null,
      openPanel: () => undefined,
      openNotebook: () => true,
      openRun: (project: string, run: string, to: object) => ({ project, run, ...to }),
      openDatum: async () => true,
      step: async () => true
    };
    const { panel } = page;
    const actions = new Actions(
      ...([agreeing(asked), panel, page.plans, page.choices] as const),
      () => null,
      views.front
    );
    const options: any = {
      app: { commands, shell: { currentChanged: shown } },
      ...{
        actions: () => Promise.resolve(actions),
        panel,
        views,
        plans: page.plans,
        watches: page.watches
      },
      trans: page.host.trans,
      notebook: () => null,
      palette: { addItem: (item: any) => listed.push(item) }
    };
    addCommands(options as ICommandOptions);
  });
  afterEach(() => {
    front?.dispose();
    page.dispose();
  });

  it('say what they take, in JSON schema, with a word for each', async () => {
    const ids = commands.listCommands();
    expect(ids.length).toBeGreaterThan(25);
    for (const id of ids) {
      const { args } = (await commands.describedBy(id)) as any;
      expect([id, args?.type]).toEqual([id, 'object']);
      for (const [name, arg] of Object.entries<any>(args.properties)) {
        expect([id, name, typeof arg.type]).toEqual([id, name, 'string']);
        expect(`${id} ${name}: ${arg.description ?? ''}`).toMatch(/: ./);
      }
      for (const name of args.required) {
        expect([id, Object.keys(args.properties)]).toEqual([id, expect.arrayContaining([name])]);
      }
    }
  });

  it('stand in the palette under one heading, but for those that need arguments', async () => {
    expect(new Set(listed.map(({ category }) => category))).toEqual(new Set(['Datums']));
    const inPalette = listed.map(({ command }) => command);
    expect(new Set(inPalette).size).toBe(inPalette.length);
    for (const id of inPalette) {
      const { args } = (await commands.describedBy(id)) as any;
      expect([id, args.required]).toEqual([id, []]);
      expect(commands.label(id)).not.toBe('');
    }
  });

  it('give a value back', async () => {
    await page.withRun(Uint8Array.of(2, 3), { status: 'failed', failed: 1, ended: 9 });
    const given = { project: PROJECT, run: RUN, name: 'means', group: 1, datum: 2, workers: 2 };
    const mine = ['datum:open-panel', 'datum:open-run', 'datum:open-datum', 'datum:next-failure'];
    mine.push('datum:select-transform', 'datum:pause', 'datum:stop', 'datum:scale');
    mine.push('datum:retry-failed', 'datum:retry-group', 'datum:retry-datum', 'datum:show-cell');
    mine.push('datum:close-plan', 'datum:refresh', 'datum:show-notebook', 'datum:run-cell');
    for (const id of mine) {
      const value = await commands.execute(id, given);
      expect([id, value === undefined || value === null]).toEqual([id, false]);
      expect(JSON.parse(JSON.stringify(value))).toEqual(value);
    }
    expect(asked.filter(one => one.startsWith('retry'))).toEqual([
      `retry ["${PROJECT}","${RUN}","failed"]`,
      `retry ["${PROJECT}","${RUN}",{"group":1}]`,
      `retry ["${PROJECT}","${RUN}",{"datums":[2]}]`
    ]);
  });

  it('run single datums of the plan that is shown, with the code that was planned', async () => {
    await page.withRun(Uint8Array.of(2, 3), { status: 'failed', failed: 1, ended: 9 });
    const some = { name: 'means', keys: ['61', '62'], which: 'missing' };
    await expect(commands.execute('datum:run', some)).rejects.toThrow('plan means first');
    page.upkeep.told.push({ plan: aPlan() });
    const recipe = 'a'.repeat(64);
    await page.plans.make('means', '', async () => ({ project: PROJECT, transform: 'means', recipe })); // prettier-ignore
    await commands.execute('datum:run', some);
    const [, body] = JSON.parse(asked.pop()!.replace(/^start /, ''));
    expect(body).toMatchObject({ transform: 'means', recipe, keys: some.keys, only: ['missing'] });
    expect(page.plans.plan).toBeNull();
  });

  it('say what they lack, to the user and to who has executed them', async () => {
    const before = Notification.manager.count;
    await expect(commands.execute('datum:scale', { run: RUN })).rejects.toThrow(
      /workers, a number/
    );
    await expect(commands.execute('datum:select-transform', {})).rejects.toThrow(/name, a text/);
    await expect(commands.execute('datum:stop', {})).rejects.toThrow('no run is shown');
    await expect(commands.execute('datum:stop', { name: 'means' })).rejects.toThrow(/has no run/);
    // One that refuses again says so in its own toast, and not in another one.
    expect(Notification.manager.count).toBe(before + 3);
    const texts = Notification.manager.notifications.map(one => one.message);
    expect(texts.filter(one => /has no run/.test(one))).toHaveLength(1);
    expect(texts.filter(one => /no run is shown/.test(one))).toEqual([]);
  });

  it('say nothing where the user has cancelled', async () => {
    const before = Notification.manager.count;
    const cancelled = Object.assign(new Error('Cancel'), { name: 'ModalCancelError' });
    const options: any = { app: { commands }, palette: null, trans: page.host.trans };
    add(options, 'x:cancel', 'Save', () => Promise.reject(cancelled));
    await expect(commands.execute('x:cancel')).rejects.toThrow('Cancel');
    expect(Notification.manager.count).toBe(before);
  });

  it('offer what would help, where one command does', async () => {
    const helped: unknown[] = [];
    commands.addCommand('x:help', { execute: args => helped.push(args) });
    const remedy = {
      label: page.host.trans.__('Load it'),
      command: 'x:help',
      args: { source: 'x' }
    };
    const options: any = { app: { commands }, palette: null, trans: page.host.trans };
    add(options, 'x:refuse', 'Refuse', () => {
      throw new RemediableError('Nobody has loaded it.', remedy);
    });
    await expect(commands.execute('x:refuse')).rejects.toThrow('Nobody has loaded it.');
    const told = Notification.manager.notifications.find(one => /Nobody/.test(one.message));
    expect(told?.options.actions?.map(one => one.label)).toEqual(['Load it']);
    told?.options.actions?.[0].callback(new MouseEvent('click'));
    expect(helped).toEqual([{ source: 'x' }]);
  });

  it('refuse in the language of the user', async () => {
    const { trans } = language;
    language.trans = { __: (text: string) => `⟦${text}⟧` } as TranslationBundle;
    try {
      for (const [id, args] of [
        ['datum:stop', {}],
        ['datum:stop', { name: 'means' }],
        ['datum:scale', { run: RUN }],
        ['datum:run', { name: 'nobody' }],
        ['datum:plan', {}],
        ['datum:run', { which: 'some' }],
        ['datum:upgrade', {}],
        ['datum:retry-edited', {}],
        ['datum:watch', {}]
      ] as const) {
        const said = await commands.execute(id, args).catch(reason => reason.message);
        expect([id, said]).toEqual([id, expect.stringMatching(/^⟦.*⟧$/)]);
      }
    } finally {
      language.trans = trans;
    }
  });

  it('are grey while there is nothing to be done, and say when that changes', async () => {
    const changed: (string | undefined)[] = [];
    commands.commandChanged.connect((_, { id }) => changed.push(id));
    const can = () =>
      ['datum:pause', 'datum:resume', 'datum:stop', 'datum:retry-failed'].map(id =>
        commands.isEnabled(id)
      );
    expect(can()).toEqual([false, false, false, false]);
    await page.withRun(Uint8Array.of(1, 0), { status: 'running', running: 1 });
    expect(can()).toEqual([true, false, true, false]);
    expect(changed).toEqual(expect.arrayContaining(['datum:pause', 'datum:stop']));
    changed.length = 0;
    page.panel.run!.learn({ ...page.panel.run!.info!, status: 'paused' });
    expect(can()).toEqual([false, true, true, false]);
    expect(changed).toEqual(expect.arrayContaining(['datum:pause', 'datum:resume']));
    changed.length = 0;
    page.panel.run!.learn({ ...page.panel.run!.info!, status: 'paused' });
    expect(changed).toEqual([]);
    // A run that is named is the server's to refuse.
    expect(commands.isEnabled('datum:pause', { run: RUN })).toBe(true);
  });

  it('are grey where the server cannot run, or must not', async () => {
    const can = () => ['datum:run-all', 'datum:plan'].map(id => commands.isEnabled(id));
    await page.withRun(Uint8Array.of(2, 3), { status: 'failed', failed: 1, ended: 9 });
    expect(can()).toEqual([true, true]);
    for (const state of ['foreign', 'newer', 'damaged']) {
      page.context = { ...page.context, state };
      await page.panel.refresh();
      expect([state, ...can()]).toEqual([state, false, false]);
    }
  });

  it('mean the run of the document in front', async () => {
    await page.withRun(Uint8Array.of(2, 3), { status: 'failed', failed: 1, ended: 9 });
    const other = 'a'.repeat(32);
    front = page.runs.hold(PROJECT, other);
    await commands.execute('datum:stop', {});
    expect(asked.pop()).toContain(other);
    shown.emit();
    front.dispose();
    front = null;
    await commands.execute('datum:stop', {});
    expect(asked.pop()).toContain(RUN);
    await commands.execute('datum:stop', { name: 'means' });
    expect(asked.pop()).toContain(RUN);
    await until(() => true);
  });
});

it('a menu over a row: the command is told what it was opened on', async () => {
  const commands = new CommandRegistry();
  const row = document.createElement('div');
  Object.assign(row.dataset, { datumGroup: '12', datumRun: RUN });
  const contextMenuHitTest = (test: (node: HTMLElement) => boolean) =>
    test(row) ? row : undefined;
  const app: any = { commands, contextMenuHitTest };
  const trans: any = { __: (text: string) => text };
  add({ app, trans, palette: null }, 'datum:x', 'X', args => ({ ...args }), {});
  expect(await commands.execute('datum:x', { context: true })).toEqual({
    ...{ context: true, group: 12, run: RUN }
  });
  expect(await commands.execute('datum:x', { group: 3 })).toEqual({ group: 3 });
});
