/**
 * A failed datum in a notebook: a cell below its transform, or a notebook beside the original where
 * that one has not the code that failed. Nothing is written before somebody has asked for it.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { JSONExt } from '@lumino/coreutils';
import type { JSONObject, JSONValue } from '@lumino/coreutils';

import { bringUp } from '../front';
import { language } from '../language';
import { pathOf } from '../models/notebook';
import { sameSource } from '../models/cells';
import { nameOf, nameOfMark } from '../models/marks';
import { replayCell } from '../models/replay';
import type { IReplayCell } from '../models/replay';
import type { IHost } from '../panels/parts';
import type { Requests } from '../requests';
import type { IDatumDetail, IRunDetail } from '../tokens';

/** Left out where a notebook is run without a person; and what it raises stops no other cell. */
const TAGS = ['datum-skip', 'raises-exception'];
/** Notebooks for one datum that are tried for a free name. */
const NAMES = 100;

/** Where a datum was opened. */
export interface IOpened {
  path: string;
  cell: string;
  /** The line on which it failed; null: not in the cell. */
  line: number | null;
  /** A notebook of its own, beside that of the transform. */
  scratch: boolean;
}

/** A cell that replays a datum, in its notebook; null: in a page of its own, as Notebook 7 opens. */
interface IPlaced {
  panel: NotebookPanel | null;
  opened: IOpened;
}

/** A cell that is to be inserted. */
type INewCell = {
  cell_type: 'code';
  source: string;
  metadata: JSONObject & { datum_replay: JSONObject };
};

/** What it is made with. */
export interface IReplaysOptions {
  app: JupyterFrontEnd;
  host: IHost;
  requests: Requests;
  tracker: INotebookTracker;
  /** JupyterLab; Notebook 7 shows pages in the area below. */
  inLab: boolean;
}

/** Opens failed datums in notebooks. */
export class Replays {
  constructor(private readonly _options: IReplaysOptions) {}

  /** The cell that replays a datum; the code is that of its latest attempt. */
  async cellOf(project: string, datum: number): Promise<IReplayCell> {
    return replayCell(...(await this._recorded(project, datum)));
  }

  /** The first failed datum of a run. */
  async firstFailed(project: string, run: string): Promise<number> {
    const asked = { state: 'failed', limit: 1 };
    const { datums } = await this._options.requests.datums(project, run, asked);
    if (!datums.length || datums[0].id === null) {
      throw new Error(
        language.trans.__('no datum of the run has failed, or they have all run again since')
      );
    }
    return datums[0].id;
  }

  /** Open a datum in a notebook; run it there unless told not to. */
  async open(project: string, datum: number, execute: boolean): Promise<IOpened> {
    const { panel, opened } = await this._place(project, datum);
    if (panel && execute) {
      void NotebookActions.run(panel.content, panel.sessionContext);
    }
    return opened;
  }

  /** The same under the debugger, which stops on the line that failed. */
  async debug(project: string, datum: number): Promise<IOpened & { stops: number }> {
    const { startDebugger } = await import('./debug');
    const { panel, opened } = await this._place(project, datum);
    const { app, host } = this._options;
    const { trans } = host;
    if (!panel) {
      throw new Error(trans.__('%1 is open on a page of its own: debug it there', opened.path));
    }
    const source = panel.content.activeCell?.model.sharedModel.getSource() ?? '';
    // In a helper, say: then the first line of the cell's own code.
    const stops = opened.line ?? firstLine(source);
    await startDebugger(app, trans, panel, source, stops);
    void NotebookActions.run(panel.content, panel.sessionContext);
    return { ...opened, stops };
  }

  /** Show a failed datum beside its last success, or beside the nearest datum that has one. */
  async compare(project: string, datum: number): Promise<{ with: string | null; same: boolean }> {
    const { app, host, requests } = this._options;
    const [{ lastGood }, { comparisonWidget }] = await Promise.all([
      import('../models/lastgood'),
      import('./compare')
    ]);
    const found = await lastGood(requests, project, datum);
    const widget = comparisonWidget(host, project, found);
    const area = this._options.inLab ? 'main' : 'down';
    [...app.shell.widgets(area)].find(one => one.id === widget.id)?.dispose();
    widget.content.toggleClass('jp-datum-down', area === 'down');
    app.shell.add(widget, area, area === 'main' ? { mode: 'split-right' } : {});
    bringUp(app, widget);
    return { with: found.good?.name ?? null, same: !found.neighbour };
  }

  private async _recorded(project: string, id: number): Promise<[IRunDetail, IDatumDetail]> {
    const { requests } = this._options;
    const datum = await requests.datum(project, id);
    return [await requests.run(project, String(datum.run)), datum];
  }

  private async _place(project: string, id: number): Promise<IPlaced> {
    const { trans } = this._options.host;
    const [run, datum] = await this._recorded(project, id);
    const replay = replayCell(run, datum);
    const { panel, index, why } = this._find(run);
    if (panel && why === null) {
      return this._insert(panel, index + 1, replay);
    }
    const { path, isNew } = await this._scratch(run, replay, why, panel);
    const scratch = await this._openNotebook(path);
    if (isNew) {
      const name = PathExt.basename(path);
      Notification.info(trans.__('%1 has been made: %2', name, why ?? ''), { autoClose: 8000 });
    }
    const cells = scratch?.context.model.sharedModel.cells ?? [];
    // Where it has been opened before, others may stand below.
    const last = cells
      .map(one => isReplay(one.getMetadata('datum_replay'), replay))
      .lastIndexOf(true);
    if (scratch && last >= 0) {
      scratch.content.activeCellIndex = last;
    }
    const cell = cells[last]?.id ?? '';
    return { panel: scratch, opened: { path, cell, line: replay.line, scratch: true } };
  }

  /** The open notebook with the cell, and why the datum cannot be opened there. */
  private _find(run: IRunDetail): {
    panel: NotebookPanel | null;
    index: number;
    why: string | null;
  } {
    const { host, tracker } = this._options;
    const { trans } = host;
    const panels: NotebookPanel[] = [];
    tracker.forEach(panel => panels.push(panel));
    // The one in front first: of notebooks with a cell of that name it is the one that is meant.
    panels.sort(
      (a, b) => Number(b === tracker.currentWidget) - Number(a === tracker.currentWidget)
    );
    for (const panel of panels) {
      const elsewhere = Boolean(run.notebook) && run.notebook !== pathOf(panel.context);
      const index = elsewhere ? -1 : cellIndex(panel, run.name);
      if (index >= 0) {
        return { panel, index, why: this._whyNot(panel, index, run) };
      }
    }
    const why = run.notebook
      ? trans.__('%1 is not open, or has no cell of %2', run.notebook, run.name)
      : trans.__('no open notebook has a cell of %1', run.name);
    return { panel: null, index: -1, why };
  }

  private _whyNot(panel: NotebookPanel, index: number, run: IRunDetail): string | null {
    const { trans } = this._options.host;
    const { context, content } = panel;
    const source = content.widgets[index].model.sharedModel.getSource();
    if (!sameSource(source, run.source)) {
      return trans.__(
        'the cell in %1 was edited since; this is the code that failed',
        context.path
      );
    }
    const readOnly = context.model.readOnly || context.contentsModel?.writable === false;
    return readOnly ? trans.__('%1 is read-only', context.path) : null;
  }

  private async _insert(
    panel: NotebookPanel,
    index: number,
    replay: IReplayCell
  ): Promise<IPlaced> {
    const { app } = this._options;
    const { content, context } = panel;
    app.shell.activateById(panel.id);
    const shared = context.model.sharedModel;
    const made = newCell(replay);
    // The same again: it stands there already.
    const there = shared.cells.findIndex(
      one => one.source === made.source && isReplay(one.getMetadata('datum_replay'), replay)
    );
    const at = there < 0 ? index : there;
    const cell = there < 0 ? shared.insertCell(index, made) : shared.cells[there];
    content.activeCellIndex = at;
    await content.scrollToItem(at, 'smart');
    const opened = { path: context.path, cell: cell.id, line: replay.line, scratch: false };
    return { panel, opened };
  }

  /** The notebook of a datum of this run, beside that of its transform: made if it is not there. */
  private async _scratch(
    run: IRunDetail,
    replay: IReplayCell,
    why: string | null,
    panel: NotebookPanel | null
  ): Promise<{ path: string; isNew: boolean }> {
    const { app, host } = this._options;
    const { trans } = host;
    const { contents } = app.serviceManager;
    const original = run.notebook ?? this._options.tracker.currentWidget?.context.path ?? '';
    const from = run.notebook ? await contents.get(run.notebook).catch(() => null) : null;
    const name = `${run.name}-${replay.datum.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(-60)}`;
    const folder = PathExt.dirname(original);
    const about = { run: run.uuid, datum: replay.datum };
    const { path, isNew } = await placeOf(contents, folder, name, about);
    if (!isNew) {
      return { path, isNew };
    }
    const words = [
      trans.__('One datum of **%1**, as the recorded code had it (run %2).', run.name, run.id),
      why ? trans.__('In a notebook of its own, since %1.', why) : ''
    ];
    const text = { cell_type: 'markdown', metadata: {}, source: words.join(' ').trim() };
    const content = {
      nbformat: 4,
      nbformat_minor: 4,
      metadata: {
        ...kernelOf(from, panel?.sessionContext.session?.kernel?.name ?? null),
        datum_replay: about
      },
      cells: [text, { ...newCell(replay), execution_count: null, outputs: [] }]
    };
    await contents.save(path, { type: 'notebook', format: 'json', content });
    return { path, isNew };
  }

  private async _openNotebook(path: string): Promise<NotebookPanel | null> {
    const { app } = this._options;
    const args = { path, factory: 'Notebook' };
    const opening: Promise<unknown> = app.commands.execute('docmanager:open', args);
    if (!this._options.inLab) {
      void opening.catch(() => undefined);
      return null; // a page of its own: the widget that is given here never gets a kernel
    }
    const widget = await opening;
    if (!(widget instanceof NotebookPanel)) {
      return null;
    }
    await widget.context.ready;
    await widget.sessionContext.ready;
    return widget;
  }
}

/** The cell that marks a transform; the last one counts. */
function cellIndex(panel: NotebookPanel, name: string): number {
  const { cells } = panel.context.model.sharedModel;
  const marks = cells.map(cell =>
    cell.cell_type === 'code'
      ? nameOf({ source: cell.source, mark: nameOfMark(cell.getMetadata('datum')) })
      : null
  );
  return marks.lastIndexOf(name);
}

function newCell(replay: IReplayCell): INewCell {
  const { name, datum, source } = replay;
  const metadata = { tags: [...TAGS], datum_replay: { name, datum } };
  return { cell_type: 'code', source, metadata };
}

/** What a notebook says of its kernel, so that another one gets the same. */
function kernelOf(from: Contents.IModel | null, now: string | null): object {
  const { kernelspec, language_info } = from?.content?.metadata ?? {};
  // What was saved may not tell the kernel yet; without one JupyterLab would ask for it.
  const running = now === null ? {} : { kernelspec: { name: now, display_name: now } };
  return kernelspec ? { kernelspec, ...(language_info ? { language_info } : {}) } : running;
}

/** Whether a cell's metadata say that it replays this datum. */
function isReplay(metadata: unknown, { name, datum }: IReplayCell): boolean {
  return JSONExt.deepEqual((metadata ?? null) as JSONValue, { name, datum });
}

/** Where a notebook about a datum of a run lies, else a path that no file has yet. */
async function placeOf(
  contents: Contents.IManager,
  folder: string,
  name: string,
  about: JSONObject
): Promise<{ path: string; isNew: boolean }> {
  for (let n = 1; n <= NAMES; n++) {
    const path = PathExt.join(folder, `${name}${n > 1 ? `-${n}` : ''}.ipynb`);
    const there = await contents.get(path).catch(() => null);
    const known = there?.content?.metadata?.datum_replay ?? null;
    if (!there || JSONExt.deepEqual(known, about)) {
      return { path, isNew: !there };
    }
  }
  throw new Error(
    language.trans.__('there are %1 notebooks %2 already: remove some', NAMES, `${name}-*.ipynb`)
  );
}

/** The first line of code below the one that binds the datum; lines count from 1. */
function firstLine(source: string): number {
  const lines = source.split('\n');
  const binds = lines.findIndex(line => line.includes('jupyter_datum.replay('));
  const found = lines.findIndex((line, at) => at > binds && /^[^#\s]/.test(line));
  return (found < 0 ? binds : found) + 1;
}
