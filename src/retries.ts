/** Datums that are run again, with the recorded code or with the cell as it was edited. */
import type { OpenNotebook } from './cells/opennotebook';
import { language } from './language';
import { onlyFailed } from './models/cells';
import { asTransform } from './models/marks';
import type { PanelModel } from './models/panel';
import { key } from './models/wanted';
import type { Requests, What } from './requests';
import type { SavedCells } from './saved';
import type { IAsked } from './tokens';
import type { IRunIds, IWhich } from './which';

/** A run of the edited cell: in the kernel, as an ordinary cell, or what was asked for. */
export type Again = IAsked | { edited: true; ok: boolean };

/** What runs datums again. */
export class Retries {
  constructor(
    private readonly _requests: Requests,
    private readonly _panel: PanelModel,
    private readonly _notebook: (path?: string) => OpenNotebook | null,
    private readonly _saved: SavedCells,
    private readonly _which: (args: IWhich) => IRunIds
  ) {}

  /** With the edited cell where the open one is another than the recorded, else as recorded. */
  async retry(args: IWhich, what: What): Promise<Again> {
    const which = this._which(args);
    // Asked anew: what a button shows may not be compared yet.
    const edited = await this._panel.editedSince(which.project, which.run);
    return edited ? this.edited(which, what) : this.recorded(which, what);
  }

  /** With the code that was recorded; needs no kernel. */
  async recorded(args: IWhich, what: What): Promise<IAsked> {
    const { project, run } = this._which(args);
    return this._follow(project, run, await this._requests.retry(project, run, what, key()));
  }

  /**
   * With the cell as it stands in its notebook: all that failed as one runs the cell by hand; some
   * datums with what its kernel records of it. Where none is open that has loaded us the server starts
   * one.
   */
  async edited(args: IWhich, what: What): Promise<Again> {
    const { project, run } = this._which(args);
    const place = await this._panel.placeOf(project, run);
    const notebook = place ? this._notebook(place.path) : null;
    if (!place || !notebook) {
      throw new Error(language.trans.__('the cell of this run is not in an open notebook'));
    }
    const { about, cell, name } = place;
    // One that has not loaded us could do neither.
    const live = notebook.kernel !== null && Boolean(about.context?.kernel);
    if (what !== 'failed') {
      const { recipe } = live
        ? await notebook.record(cell.id)
        : await this._saved.recorded(notebook, name);
      const asked = await this._requests.retry(project, run, what, key(), recipe);
      return this._follow(project, run, asked);
    }
    const code = live ? onlyFailed(asTransform(cell)) : null;
    return code === null
      ? this._saved.run(notebook, name, { which: 'failed' })
      : { edited: true, ok: await notebook.runWith(cell.id, code) };
  }

  private _follow(project: string, run: string, asked: IAsked): IAsked {
    const name = this._panel.runs.runs(project).find(one => one.uuid === run)?.name;
    if (name !== undefined) {
      this._panel.asked.follow(project, name, asked.run);
    }
    return asked;
  }
}
