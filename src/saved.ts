/** Cells that the server takes out of their saved notebook; it starts a kernel for them. */
import type { OpenNotebook } from './cells/opennotebook';
import { language } from './language';
import type { IOnce } from './models/cells';
import type { PanelModel } from './models/panel';
import { wanted } from './models/wanted';
import { RemediableError } from './remedy';
import type { Requests } from './requests';
import { Commands } from './tokens';
import type { IAsked, IRecording } from './tokens';

/** Milliseconds between two looks whether a kernel has recorded a cell. */
const LOOK = 500;

/** What is done with cells of notebooks that have no kernel. */
export class SavedCells {
  constructor(
    private readonly _requests: Requests,
    private readonly _panel: PanelModel,
    private readonly _look = LOOK
  ) {}

  /** Run a transform. */
  async run(notebook: OpenNotebook | null, transform: string, once: IOnce): Promise<IAsked> {
    const path = await saved(notebook);
    const needs = once.needs ? { needs: true } : {};
    const how = { ...wanted(once), ...needs, transform, notebook: path };
    const asked = await this._requests.startCell(how);
    this._panel.asked.follow(asked.project, transform, asked.run);
    this._panel.refreshSoon(); // it may be the first run of its project
    return asked;
  }

  /** Have a transform recorded. */
  async record(notebook: OpenNotebook | null, transform: string): Promise<IRecording> {
    const asked = await this._requests.recordCell(await saved(notebook), transform);
    this._panel.refreshSoon(); // its project may have been made just now
    return asked;
  }

  /** The same, once it is done. */
  async recorded(notebook: OpenNotebook, transform: string): Promise<{ recipe: string }> {
    const { project, upkeep } = await this.record(notebook, transform);
    for (;;) {
      const { state, message, recipe } = await this._requests.upkeepOf(project, upkeep);
      if (recipe) {
        return { recipe };
      }
      if (state !== 'open') {
        throw new Error(message ?? language.trans.__('the cell could not be recorded'));
      }
      await new Promise(resolve => window.setTimeout(resolve, this._look));
    }
  }
}

async function saved(notebook: OpenNotebook | null): Promise<string> {
  if (!notebook) {
    throw new Error(language.trans.__('the notebook of this transform is not open'));
  }
  if (notebook.far) {
    throw new RemediableError(
      language.trans.__(
        'The server cannot read this notebook: it lies on another drive. Its kernel can run the cell, once it has loaded jupyter_datum.'
      ),
      { label: language.trans.__('Copy it to the server'), command: Commands.bring, args: {} }
    );
  }
  await notebook.save();
  return notebook.path;
}
