/** The panel in a page of jsdom, fed by frames; what it asks for is written down. */
import { nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { ChoicesModel } from '../models/choices';
import { Counts, headOf } from '../models/counts';
import { EnginesModel } from '../models/engines';
import { FreshCounts } from '../models/freshcounts';
import { OverviewModel } from '../models/overview';
import { PanelModel } from '../models/panel';
import type { IOpenNotebook } from '../models/notebook';
import { PlansModel } from '../models/plans';
import { RunsModel } from '../models/runs';
import { WatchesModel } from '../models/watches';
import { Sidebar } from '../panels/sidebar';
import type { IHost } from '../panels/parts';
import { Commands } from '../tokens';
import type { ICount, IEngines, IOverview } from '../tokens';
import {
  aGroup,
  aRun,
  FakeServer,
  FakeUpkeep,
  FakeWatch,
  PROJECT,
  RUN,
  snapshot,
  until
} from './world';

export const CELL = '%%datum means -i "*.csv"\nmean(datum.path)';

/** A notebook with one cell. */
export class Notebook implements IOpenNotebook {
  path = 'work/readings.ipynb';
  far = false;
  kernel: string | null = 'k';
  source = CELL;
  changed = new Signal<this, 'saved' | 'edited' | 'kernel'>(this);
  cells() {
    return [{ id: 'c1', source: this.source, code: true }];
  }
  countable() {
    return this.trusted ? { notebook: this.path, source: headOf(this.source) } : null;
  }
  trusted = true;
  lacks() {
    return this.bare;
  }
  bare = false;
  /** Type something else into the cell. */
  edit(source: string): void {
    this.source = source;
    this.changed.emit('edited');
  }
}

/** Server, models and panel of one test. */
export class Page {
  readonly server = new FakeServer();
  readonly runs = new RunsModel(this.server);
  readonly executed: [string, any][] = [];
  readonly notebook = new Notebook();
  readonly panel: PanelModel;
  readonly sidebar: Sidebar;
  readonly host: IHost;
  readonly plans: PlansModel;
  readonly fresh: FreshCounts;
  /** What was counted, and what that gives. */
  readonly counted: unknown[] = [];
  count: ICount = { count: null, whole: true, why: null, mistake: null };
  readonly overview: OverviewModel;
  readonly watches: WatchesModel;
  readonly choices = new ChoicesModel();
  readonly engines: EnginesModel;
  /** What the interpreter of the notebook's kernel has. */
  has: () => IEngines = () => {
    throw new Error('an older server');
  };
  readonly watch = new FakeWatch();
  readonly upkeep = new FakeUpkeep();
  /** What the three questions are answered with. */
  answers: () => IOverview = () => {
    throw new Error('an older server');
  };
  context: any = { state: 'ok', message: null, project: PROJECT, root: '', kernel: null };
  /** What the list of a group gives. */
  datums: any[] = [];

  constructor(trans: TranslationBundle = nullTranslator.load('x')) {
    this.panel = new PanelModel(this.runs, {
      context: async () => this.context,
      transforms: async () => [],
      run: async () => ({ ...aRun(), source: CELL, untracked: null })
    });
    const commands = new CommandRegistry();
    for (const id of [...Object.values(Commands), 'notebook:create-new']) {
      commands.addCommand(id, { execute: args => void this.executed.push([id, args]) });
    }
    this.host = {
      trans,
      commands,
      edits: {
        changed: this.panel.cellsChanged,
        editedSince: (project, run) => this.panel.editedSince(project, run)
      }
    };
    this.plans = new PlansModel(
      this.upkeep,
      () => this.panel.notebook,
      name => this.panel.latest(name),
      [0]
    );
    this.fresh = new FreshCounts(
      this.panel,
      new Counts({ count: async what => (this.counted.push(what), this.count) }),
      0
    );
    this.overview = new OverviewModel(this.panel, { overview: async () => this.answers() });
    this.watches = new WatchesModel(this.panel, this.watch, 0);
    this.engines = new EnginesModel(this.panel, { engines: async () => this.has() });
    const source = { datums: async () => ({ datums: this.datums, next: null }) };
    this.sidebar = new Sidebar({
      host: this.host,
      panel: this.panel,
      plans: this.plans,
      fresh: this.fresh,
      overview: this.overview,
      watches: this.watches,
      choices: this.choices,
      engines: this.engines,
      source,
      theme: null
    });
    Widget.attach(this.sidebar, document.body);
  }

  get text(): string {
    return this.sidebar.node.textContent ?? '';
  }

  says(what: string): Promise<void> {
    return until(() => this.text.includes(what));
  }

  button(name: RegExp): HTMLButtonElement | undefined {
    return [...this.sidebar.node.querySelectorAll('button')].find(one =>
      name.test(one.getAttribute('aria-label') ?? one.textContent ?? '')
    );
  }

  /** The button, once it is there. */
  async find(name: RegExp): Promise<HTMLButtonElement> {
    await until(() => this.button(name) !== undefined);
    return this.button(name)!;
  }

  /** Say something over the socket. */
  put(header: object, body: unknown): void {
    this.server.last.frame(header, new TextEncoder().encode(JSON.stringify(body)));
  }

  /** Open the notebook; connected, and nothing has run. */
  async open(): Promise<void> {
    this.panel.setNotebook(this.notebook);
    await until(() => this.server.sockets.length === 1);
    this.server.last.open();
  }

  /** Open it with a run. */
  async withRun(states: Uint8Array, more: object, groups = [aGroup()]): Promise<void> {
    await this.open();
    const run = aRun({ total: states.length, ...more });
    this.put({ type: 'runs', project: PROJECT }, [run]);
    await until(() => this.panel.run !== null);
    snapshot(this.server.last, 1, states, run);
    this.put({ type: 'groups', project: PROJECT, run: RUN }, { groups, other: null });
    const { panel } = this;
    await until(() => panel.run!.groups.length === groups.length && panel.run!.states.length > 0);
    await until(() => panel.edited !== null);
  }

  dispose(): void {
    this.sidebar.dispose();
    this.overview.dispose();
    this.watches.dispose();
    this.panel.dispose();
    this.runs.dispose();
  }
}

/** Write into a field as a user does. */
export function write(field: HTMLInputElement | HTMLSelectElement, value: string): void {
  const prototype = Object.getPrototypeOf(field);
  Object.getOwnPropertyDescriptor(prototype, 'value')!.set!.call(field, value);
  const event = field.tagName === 'SELECT' ? 'change' : 'input';
  field.dispatchEvent(new Event(event, { bubbles: true }));
}

/** Move the slider of workers. */
export function slide(page: Page, value: number): void {
  write(page.sidebar.node.querySelector<HTMLInputElement>('.jp-datum-slider')!, String(value));
}
