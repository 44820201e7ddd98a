/** The widgets that commands bring up: the panel, and the page of a datum. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { IThemeManager } from '@jupyterlab/apputils';
import type { IRestorer, IStateDB } from '@jupyterlab/statedb';
import type { Widget } from '@lumino/widgets';

import { bringUp } from './front';
import { language } from './language';
import type { OpenNotebook } from './cells/opennotebook';
import type { IViews } from './commands';
import type * as Documents from './document/widget';
import type { RunDocument } from './document/widget';
import type { DatumModel } from './models/datum';
import { nextFailed } from './models/tiles';
import type { IPlace } from './models/document';
import type { RunModel } from './models/run';
import type { RunsModel } from './models/runs';
import type * as Pages from './panels/datumview';
import type { DatumWidget } from './panels/datumview';
import type { IHost } from './panels/parts';
import type { Sidebar } from './panels/sidebar';
import type { Requests } from './requests';
import { Commands } from './tokens';
import type { IHeldRun } from './tokens';

/** Pixels that two pages have to have between them to stand side by side, and be read. */
const TWO = 600;

/** A run that is looked at, and its failed datum if one is open. */
export interface ILooked {
  project: string;
  run: string;
  datum: number | null;
}

/** What the views are made with. */
export interface IViewsOptions {
  app: JupyterFrontEnd;
  host: IHost;
  requests: Requests;
  runs: RunsModel;
  sidebar: Sidebar;
  theme: IThemeManager | null;
  inLab: boolean;
  /** The notebook in front of all others. */
  notebook: () => OpenNotebook | null;
}

/**
 * The panel, a document for each run that is opened, and one page of a datum, which is used again
 * for the next one.
 */
export class Views implements IViews {
  constructor(private readonly _options: IViewsOptions) {}

  /**
   * Let run documents and the page of a datum come back after a reload: into the layout, or, where
   * the front end restores none, by what `kept` says of them.
   */
  restore(restorer: ILayoutRestorer | null, kept: IStateDB): void {
    const { commands: registry, restored: when } = this._options.app;
    const restore = <T extends Widget>(tracker: WidgetTracker<T>, how: IRestorer.IOptions<T>) =>
      void (
        restorer?.restore(tracker, how) ??
        tracker.restore({ ...how, connector: kept, registry, when })
      );
    restore(this._documents, {
      command: Commands.openRun,
      args: ({ content: { model } }) => ({ ...model.place }),
      name: ({ content: { model } }) => `${model.project}/${model.run.uuid}`
    });
    restore(this._tracker, {
      command: Commands.openDatum,
      args: ({ content: { model } }) => ({
        project: model.project,
        run: model.run,
        ...(model.datum ? { datum: model.datum.id } : { position: model.pending?.position ?? null })
      }),
      // There is one such page, whatever it shows: the layout is saved before it is known, and not
      // again when it is another one, and a page that is in no layout is not brought back.
      name: () => 'datum'
    });
  }

  /** The run of the document in front, or of the one that has the focus; null: the panel's. */
  front(): RunModel | null {
    const { app, sidebar } = this._options;
    const has = (node: Node | undefined) => node?.contains(document.activeElement) ?? false;
    if (has(sidebar.node)) {
      return null;
    }
    const here = (page: Widget) => has(page.node) || page === app.shell.currentWidget;
    const focused = this._documents.find(page => has(page.node));
    return (focused ?? this._documents.find(here))?.content.model.run ?? null;
  }

  /** What is looked at in the document, or on the page of a datum, in front; null: the panel's run. */
  looked(): ILooked | null {
    const { app, sidebar } = this._options;
    const run = this.front();
    const model = this._documents.find(page => page.content.model.run === run)?.content.model;
    if (model) {
      return { project: model.project, run: model.run.uuid, datum: failed(model.datum) };
    }
    const page = this._shown;
    const panel = sidebar.node.contains(document.activeElement);
    if (!page || panel || page !== app.shell.currentWidget) {
      return null;
    }
    const { project, run: uuid } = page.content.model;
    return { project, run: uuid, datum: failed(page.content.model) };
  }

  openPanel(): void {
    const { app, sidebar } = this._options;
    app.shell.activateById(sidebar.id);
  }

  openNotebook(): boolean {
    const { app, notebook } = this._options;
    const id = notebook()?.panel.id;
    if (id) {
      app.shell.activateById(id);
    }
    return id !== undefined;
  }

  async openRun(project: string, run: string, to: Partial<IPlace>): Promise<IPlace> {
    // What only an open document needs comes with the first one.
    const made = await import('./document/widget');
    const open = this._documents.find(
      ({ content: { model } }) => model.project === project && model.run.uuid === run
    );
    const page = open ?? this._openDocument(made, project, run, to);
    page.content.model.go(to);
    bringUp(this._options.app, page);
    return page.content.model.place;
  }

  async openDatum(
    project: string,
    run: string,
    datum?: number,
    position?: number
  ): Promise<boolean> {
    if (datum === undefined && position === undefined) {
      throw new Error(language.trans.__('the command needs a datum, or its position'));
    }
    const made = await import('./panels/datumview');
    const { content } = this._page(made, project, run);
    if (datum !== undefined) {
      await content.model.open(datum);
    } else if (position !== undefined) {
      await content.model.openAt(position);
    }
    return content.model.error === null;
  }

  async step(project: string, run: string, step: 1 | -1): Promise<boolean> {
    const held = this._options.runs.hold(project, run);
    try {
      const { states, total } = await filled(held);
      const place = this._place(project, run);
      const here = place?.run === run ? (place.datum ?? place.pending)?.position : undefined;
      const next = nextFailed(states, total, here ?? (step === 1 ? -1 : total), step);
      if (next < 0) {
        return false;
      }
      if (place && place !== this._shown?.content.model) {
        await place.openAt(next);
        return place.error === null;
      }
      return this.openDatum(project, run, undefined, next);
    } finally {
      held.dispose();
    }
  }

  /** Where the next datum is shown: in the document in front, else on the page of a datum. */
  private _place(project: string, run: string): DatumModel | null {
    const front = this.front();
    const page = this._documents.find(({ content: { model } }) => model.run === front);
    const model = page?.content.model;
    if (model?.project === project && model.run.uuid === run) {
      model.go(model.tab === 'failures' ? {} : { tab: 'failures' });
      return model.datum;
    }
    return this._shown?.content.model ?? null;
  }

  private _openDocument(
    made: typeof Documents,
    project: string,
    run: string,
    to: Partial<IPlace>
  ): MainAreaWidget<RunDocument> {
    const { host, requests, runs, theme } = this._options;
    const model = new made.DocumentModel(runs, requests, { ...to, project, run });
    const content = new made.RunDocument(host, model, theme);
    const page = new MainAreaWidget({ content });
    page.id = `jupyter-datum-run-${project}-${run}`;
    this._add(page, content, 'tab-after');
    void this._documents.add(page);
    model.changed.connect(() => void this._documents.save(page));
    return page;
  }

  private _page(made: typeof Pages, project: string, run: string): MainAreaWidget<DatumWidget> {
    const shown = this._shown;
    const { model } = shown?.content ?? {};
    if (shown && !shown.isDisposed && model?.project === project && model.run === run) {
      bringUp(this._options.app, shown);
      return shown;
    }
    shown?.dispose();
    return this._open(made, project, run);
  }

  private _open(made: typeof Pages, project: string, run: string): MainAreaWidget<DatumWidget> {
    const { app, host, requests, runs } = this._options;
    const content = new made.DatumWidget(host, new made.DatumModel(requests, project, run));
    const told = [runs.watch(project), made.keepFresh(content.model, runs.told)];
    content.disposed.connect(() => told.forEach(one => one.dispose()));
    const page = new MainAreaWidget({ content });
    page.id = 'jupyter-datum-detail';
    const room = app.shell.currentWidget?.node.clientWidth ?? TWO;
    this._add(page, content, room < TWO ? 'tab-after' : 'split-right');
    bringUp(this._options.app, page);
    this._shown = page;
    void this._tracker.add(page);
    content.model.changed.connect(() => void this._tracker.save(page));
    return page;
  }

  private _add(page: Widget, content: Widget, mode: 'split-right' | 'tab-after'): void {
    const { app, inLab } = this._options;
    // What the content is called, its frame is called too.
    Object.assign(page.title, { icon: content.title.icon, closable: true });
    // The frame has made a landmark of it, named as all others are.
    const name = () => content.node.setAttribute('aria-label', content.title.label);
    content.title.changed.connect(name);
    name();
    // Notebook 7 shows one document and silently drops what is added to it.
    const [area, options] = inLab ? (['main', { mode }] as const) : (['down', {}] as const);
    // Its area below begins without any height: the page has to ask for some.
    content.toggleClass('jp-datum-down', !inLab);
    app.shell.add(page, area, options);
  }

  private _shown: MainAreaWidget<DatumWidget> | null = null;
  private readonly _documents = new WidgetTracker<MainAreaWidget<RunDocument>>({
    namespace: 'jupyter-datum-run'
  });
  private readonly _tracker = new WidgetTracker<MainAreaWidget<DatumWidget>>({
    namespace: 'jupyter-datum'
  });
}

/** Wait until the states of a run are here; they are, if any view shows it. */
function filled(held: IHeldRun): Promise<IHeldRun['model']> {
  const { model } = held;
  if (model.states.length) {
    return Promise.resolve(model);
  }
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(
      () => reject(new Error(language.trans.__('the server does not answer'))),
      10_000
    );
    model.changed.connect(function look() {
      if (model.states.length || model.error) {
        window.clearTimeout(timer);
        model.changed.disconnect(look);
        resolve(model);
      }
    });
  });
}

/** The datum that is shown, if it has failed. */
function failed({ datum }: DatumModel): number | null {
  return datum?.state === 'failed' ? datum.id : null;
}
