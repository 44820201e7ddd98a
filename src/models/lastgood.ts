/** What a failed datum is compared with: its own last success, or the nearest datum that has one. */
import type { Requests } from '../requests';
import type { IDatumDetail, IFile, IHistory, IVersion } from '../tokens';
import { wholeDiff } from './sides';

/** Places to either side that are looked at for a neighbour. */
const LOOK = 25;
const GOOD: ReadonlySet<string> = new Set(['success', 'recovered', 'skipped']);

/** One of the two that are compared. */
export interface ISide {
  /** As people call the datum. */
  name: string;
  /** Its id, if it can be opened as it was. */
  datum: number | null;
  state: IVersion['state'];
  at: number | null;
  seconds: number | null;
  /** Number of the code; null: not told. */
  code: number | null;
  /** Digest of its input; null: not told. */
  input: string | null;
  files: readonly IFile[];
  result: string | null;
  message: string | null;
}

/** The two, and how the codes differ. */
export interface IComparison {
  /** Whether `good` is another datum, since this one never succeeded. */
  neighbour: boolean;
  bad: ISide;
  /** Null: nothing near it has succeeded either. */
  good: ISide | null;
  /** Empty: the same code. */
  diff: string;
}

type Asked = Pick<Requests, 'datum' | 'history' | 'position'>;

/** Look for what a datum can be compared with. */
export async function lastGood(requests: Asked, project: string, id: number): Promise<IComparison> {
  const [datum, history] = await Promise.all([
    requests.datum(project, id),
    requests.history(project, id)
  ]);
  const [latest] = history.versions;
  const bad = { ...sideOf(datum), ...ofVersion(latest) };
  const before = history.versions.find(one => GOOD.has(one.state));
  if (before) {
    const good = { ...sideOf(datum), ...ofVersion(before), files: [], result: null, message: null };
    const diff = await diffOf(requests, project, id, history, before, latest);
    return { neighbour: false, bad, good: { ...good, datum: null }, diff };
  }
  const near = await neighbour(requests, project, datum);
  const good = near && { ...sideOf(near), code: bad.code };
  return { neighbour: true, bad, good, diff: '' };
}

async function diffOf(
  requests: Asked,
  project: string,
  id: number,
  history: IHistory,
  before: IVersion,
  latest: IVersion
): Promise<string> {
  if (before.code === latest.code) {
    return '';
  }
  const both = await requests.history(project, id, before.code, latest.code);
  return wholeDiff(both) || wholeDiff(history);
}

/** The nearest datum of the run that succeeded; those before it first. */
async function neighbour(
  requests: Asked,
  project: string,
  datum: IDatumDetail
): Promise<IDatumDetail | null> {
  for (let step = 1; step <= LOOK; step++) {
    for (const place of [datum.position - step, datum.position + step]) {
      const found =
        place < 0
          ? null
          : await requests.position(project, String(datum.run), place).catch(() => null);
      if (found?.id && GOOD.has(found.state)) {
        return requests.datum(project, found.id);
      }
    }
  }
  return null;
}

function sideOf(datum: IDatumDetail): ISide {
  const failed = datum.attempts.find(one => one.attempt === datum.attempt) ?? datum.attempts[0];
  return {
    name: datum.key ?? String(datum.position + 1),
    datum: datum.id,
    state: datum.state,
    at: datum.began,
    seconds: datum.seconds,
    code: null,
    input: null,
    files: datum.inputs,
    result: datum.result,
    message: failed?.message ?? null
  };
}

function ofVersion(version: IVersion | undefined): Partial<ISide> {
  if (!version) {
    return {};
  }
  const { at, seconds, state, code, input } = version;
  return { at, seconds, state, code, input };
}
