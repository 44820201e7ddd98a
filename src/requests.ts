/** All that the front end asks of the server. */
import { URLExt } from '@jupyterlab/coreutils';

import { inflate } from './codec';
import { Http } from './http';
import type { Query } from './http';
import type { IFilter, IStart, IStartCell, IUpkeepRequest, What } from './protocol/asks';
import type {
  IAsked,
  ICode,
  IContext,
  ICount,
  IDatum,
  IDatumDetail,
  IEngines,
  IGraph,
  IExpected,
  IGroup,
  IHistory,
  ILog,
  IMarkAnswer,
  INode,
  IOther,
  IOutput,
  IOverview,
  IRows,
  IRowsQuery,
  IPreview,
  IPrinting,
  IRecording,
  IRun,
  IRunDetail,
  IServerStatus,
  ISettings,
  ISpec,
  ITiming,
  ITransform,
  IUpkeep,
  IUsers,
  IWatch,
  IWhence,
  IWorker,
  RequestKind,
  Side
} from './tokens';

export { RefusedError } from './http';
export type { IFilter, IStart, IStartCell, IUpkeepRequest, What } from './protocol/asks';

/** All requests of the front end; see docs/live-protocol.md. */
export class Requests extends Http {
  status(): Promise<IServerStatus> {
    return this.get('status');
  }

  context(path: string, kernel: string | null): Promise<IContext> {
    return this.get('context', { path, kernel });
  }

  async transforms(path: string, kernel: string | null): Promise<ITransform[]> {
    return (await this.get<any>('transforms', { path, kernel })).transforms;
  }

  /** The engines there are, as the kernel's (or the last run's) interpreter has them. */
  engines(path: string, kernel: string | null, fresh: boolean): Promise<IEngines> {
    return this.get('engines', { path, kernel, fresh: fresh ? 1 : null });
  }

  /** What stands in the user's settings on the server. */
  userSettings(): Promise<ISettings> {
    return this.get('settings');
  }

  /** Change some of it; null takes one out. */
  setUserSettings(values: Record<string, string | number | null>): Promise<ISettings> {
    return this.post('settings', values);
  }

  /** What the metadata that mark a cell say, before they are saved. */
  mark(mark: unknown): Promise<IMarkAnswer> {
    return this.post('marks', { mark });
  }

  run(project: string, run: string): Promise<IRunDetail> {
    return this.get(`${at(project, run)}`);
  }

  runs(project: string, query: Query = {}): Promise<{ runs: IRun[]; next: number | null }> {
    return this.get(`projects/${safe(project)}/runs`, query);
  }

  groups(project: string, run: string): Promise<{ groups: IGroup[]; other: IOther | null }> {
    return this.get(`${at(project, run)}/groups`);
  }

  async workers(project: string, run: string): Promise<IWorker[]> {
    return (await this.get<any>(`${at(project, run)}/workers`)).workers;
  }

  datums(
    project: string,
    run: string,
    filter: IFilter
  ): Promise<{ datums: IDatum[]; next: string | null }> {
    return this.get(`${at(project, run)}/datums`, { ...filter });
  }

  /** Rows of a run's table, by their numbers. */
  rows(project: string, run: string, query: IRowsQuery, signal?: AbortSignal): Promise<IRows> {
    return this.get(`${at(project, run)}/rows`, { ...query }, { signal });
  }

  /** Where the same rows are, all of them, as a file to download. */
  fileUrl(project: string, run: string, query: Pick<IRowsQuery, 'filter' | 'sort'>): string {
    const { appendToken, baseUrl, token } = this.settings;
    const words = Object.entries(query).filter(([, value]) => value);
    const search = new URLSearchParams(words);
    if (appendToken && token) {
      search.set('token', token);
    }
    return `${URLExt.join(baseUrl, 'jupyter-datum', at(project, run), 'datums.csv')}?${search}`;
  }

  position(project: string, run: string, place: number): Promise<IDatum> {
    return this.get(`${at(project, run)}/positions/${place}`);
  }

  /** How long each datum of a run took: a code for each position. */
  async durations(project: string, run: string): Promise<Uint8Array> {
    const path = `${at(project, run)}/durations?no_track_activity=1`;
    return inflate(await this.bytes(path));
  }

  datum(project: string, id: number): Promise<IDatumDetail> {
    return this.get(`projects/${safe(project)}/datums/${id}`);
  }

  /** What the datum at a place is printing, while it is at work. */
  printing(project: string, run: string, place: number): Promise<IPrinting> {
    return this.get(`${at(project, run)}/positions/${place}/log`);
  }

  /** The code of an attempt, and where it failed. */
  code(project: string, id: number, run: string | number, attempt: number): Promise<ICode> {
    return this.get(`projects/${safe(project)}/datums/${id}/code`, { run, attempt });
  }

  /** The beginning of a file of a datum. */
  preview(project: string, id: number, side: Side, n: number, more: Query = {}): Promise<IPreview> {
    return this.get(`projects/${safe(project)}/datums/${id}/preview`, { side, n, ...more });
  }

  /** What the cell displayed for a datum; an older server knows no displays. */
  async display(
    project: string,
    id: number,
    run: string | number,
    attempt: number
  ): Promise<IOutput[]> {
    const path = `projects/${safe(project)}/datums/${id}/display`;
    return (await this.get<any>(path, { run, attempt })).outputs;
  }

  log(project: string, id: number, run: string | number, attempt: number): Promise<ILog> {
    return this.get(`projects/${safe(project)}/datums/${id}/log`, { run, attempt });
  }

  /** How many datums an input has; the server gives up counting with `signal`. */
  count(what: object, signal: AbortSignal): Promise<ICount> {
    return this.post('counts', what, signal);
  }

  /** Run what was recorded last of a transform. */
  start(project: string, how: IStart): Promise<IAsked> {
    return this.post(`projects/${safe(project)}/runs`, how);
  }

  /** Run a cell of a saved notebook, with a kernel of its own where it is not as recorded. */
  startCell(how: IStartCell): Promise<IAsked & { project: string; code: string }> {
    return this.post('runs', how);
  }

  /** Run all transforms of a saved notebook as one pipeline; `run` is that of the last. */
  startAll(notebook: string, key: string): Promise<IAsked & { project: string; code: string }> {
    return this.post('runs', { notebook, key });
  }

  /**
   * Run again with the recorded code, or with what a kernel has recorded since; `key` makes
   * asking twice asking once.
   */
  retry(project: string, run: string, what: What, key: string, recipe?: string): Promise<IAsked> {
    return this.post(`${at(project, run)}/retry`, { what, key, ...(recipe ? { recipe } : {}) });
  }

  /** Mark a group of failures as expected of its transform, or not any more. */
  async expect(
    project: string,
    run: string,
    group: number,
    undo: boolean
  ): Promise<IExpected | null> {
    return (await this.post<any>(`${at(project, run)}/expected`, { group, undo })).expected;
  }

  /** Ask a run's runner for something. */
  request(
    project: string,
    run: string,
    kind: RequestKind,
    more: object = {}
  ): Promise<{ request: string }> {
    return this.post(`${at(project, run)}/requests`, { kind, ...more });
  }

  /** What became of a request. */
  answer(project: string, uuid: string): Promise<{ state: string; answer: string | null }> {
    return this.get(`projects/${safe(project)}/requests/${safe(uuid)}`);
  }

  /** Bring a ledger that an older version wrote up to date. */
  upgrade(project: string): Promise<{ schema: number }> {
    return this.post(`projects/${safe(project)}/upgrade`, {});
  }

  /** Have something planned or decided; how far it is tells {@link upkeepOf}. */
  async upkeep(project: string, asked: IUpkeepRequest): Promise<string> {
    const told = await this.post<{ upkeep: string }>(`projects/${safe(project)}/upkeep`, asked);
    return told.upkeep;
  }

  upkeepOf(project: string, id: string): Promise<IUpkeep> {
    return this.get(`projects/${safe(project)}/upkeep/${safe(id)}`);
  }

  /** Give up a plan that is in the making. */
  giveUp(project: string, id: string): Promise<unknown> {
    return this.remove(`projects/${safe(project)}/upkeep/${safe(id)}`);
  }

  /** Have a kernel that the server starts record a transform as the saved notebook has it. */
  async recordCell(notebook: string, transform: string): Promise<IRecording> {
    const told = await this.post<{ project: string; upkeep: string }>('recipes', {
      notebook,
      transform
    });
    return { ...told, transform };
  }

  async watches(project: string): Promise<IWatch[]> {
    return (await this.get<any>(`projects/${safe(project)}/watches`)).watches;
  }

  /** Watch the input of a transform, or, without `settle`, do so no more. */
  async watch(project: string, transform: string, settle: number | null): Promise<string> {
    const how = settle === null ? { stop: true } : { settle };
    const path = `projects/${safe(project)}/watches`;
    return (await this.post<any>(path, { transform, ...how })).request;
  }

  overview(project: string, transform: string): Promise<IOverview> {
    return this.get(`projects/${safe(project)}/overview`, { transform });
  }

  /** How a run went; with who worked when in the last `window` seconds (0: in all of it). */
  timing(project: string, run: string, window: number | null): Promise<ITiming> {
    return this.get(`${at(project, run)}/timing`, { window });
  }

  spec(project: string, run: string): Promise<ISpec> {
    return this.get(`${at(project, run)}/spec`);
  }

  /** Where the report on a transform is shown, as a page without any rights. */
  reportUrl(project: string, transform: string): string {
    const path = `projects/${safe(project)}/report`;
    const query = URLExt.objectToQueryString({ transform, show: 1 });
    return URLExt.join(this.settings.baseUrl, 'jupyter-datum', path) + query;
  }

  /** The report on a transform, as a file. */
  async report(project: string, transform: string): Promise<Blob> {
    const query = URLExt.objectToQueryString({ transform });
    const text = await this.text(`projects/${safe(project)}/report${query}`, {});
    return new Blob([text], { type: 'text/html' });
  }

  /** All versions of a datum; with the difference of the codes `old` and `new`, if given. */
  history(project: string, id: number, old?: number, last?: number): Promise<IHistory> {
    return this.get(`projects/${safe(project)}/datums/${id}/history`, { old, new: last });
  }

  /** Where a datum comes from and what was made of it, so many steps in each direction. */
  async lineage(project: string, id: number, up = 1, down = 1): Promise<INode | null> {
    const query = { up, down };
    return (await this.get<any>(`projects/${safe(project)}/datums/${id}/lineage`, query)).made;
  }

  graph(project: string): Promise<IGraph> {
    return this.get(`projects/${safe(project)}/graph`);
  }

  /** Which project knows a file: what made it, what has read it. */
  whence(path: string): Promise<IWhence> {
    return this.get('whence', { path });
  }

  /** Datums that have read a file, page by page. */
  users(project: string, query: Query & { path: string }): Promise<IUsers> {
    return this.get(`projects/${safe(project)}/users`, query);
  }
}

function safe(part: string): string {
  return encodeURIComponent(part);
}

function at(project: string, run: string): string {
  return `projects/${safe(project)}/runs/${safe(run)}`;
}
