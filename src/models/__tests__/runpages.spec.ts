/** All runs of a transform can be reached, and a page that fails can be asked for again. */
import { aRun, PROJECT, until } from '../../__tests__/world';
import type { IRun } from '../../tokens';
import { RefusedError } from '../../requests';
import { RunPages, withNews } from '../runpages';

const ALL = 450;

/** The newest `limit` of 450 runs before one, as the server gives them. */
function page(query: any): { runs: IRun[]; next: number | null } {
  const first = (query.before ?? ALL + 1) - 1;
  const n = Math.min(query.limit, first);
  const runs = Array.from({ length: n }, (_, at) =>
    aRun({ id: first - at, uuid: `${first - at}` })
  );
  return { runs, next: n === query.limit ? first - n + 1 : null };
}

describe('the runs of a transform', () => {
  it('come a page at a time, to the very first', async () => {
    const asked: any[] = [];
    const run = async () => ({ ...aRun(), source: '', untracked: null });
    const requests = {
      run,
      runs: async (_: string, query: any) => (asked.push(query), page(query))
    };
    const pages = new RunPages(requests, PROJECT, 'means');
    expect(pages.whole).toBe(false);
    await Promise.all([pages.more(), pages.more()]); // a second press asks for nothing twice
    expect(pages.runs).toHaveLength(200);
    await pages.more();
    await pages.more();
    await pages.more();
    expect(pages.whole).toBe(true);
    expect(pages.runs.map(one => one.id)).toEqual(Array.from({ length: ALL }, (_, n) => ALL - n));
    expect(asked.map(one => one.before)).toEqual([undefined, 251, 51]);
  });

  it('can be asked for again where the server did not answer', async () => {
    let gone = true;
    const requests = {
      run: async () => ({ ...aRun(), source: '', untracked: null }),
      runs: async (_: string, query: any) => {
        if (gone) {
          throw new Error('no server');
        }
        return page(query);
      }
    };
    const pages = new RunPages(requests, PROJECT, 'means');
    let told = 0;
    pages.changed.connect(() => void told++);
    await pages.more();
    expect([pages.runs.length, pages.whole, told]).toEqual([0, false, 0]);
    gone = false;
    await pages.more();
    await until(() => pages.runs.length === 200);
    expect(told).toBe(1);
  });

  it('one that a restored view names is there, though its page is not', async () => {
    const asked: string[] = [];
    const requests = {
      runs: async (_: string, query: any) => page(query),
      run: async (_: string, uuid: string) => {
        asked.push(uuid);
        if (uuid === 'gone') {
          throw new RefusedError(404, 'not-found', 'there is no run here');
        }
        return { ...aRun({ id: Number(uuid), uuid }), source: '', untracked: null };
      }
    };
    const pages = new RunPages(requests, PROJECT, 'means');
    await pages.more();
    const last = () => pages.runs[pages.runs.length - 1].uuid;
    expect([await pages.find(''), await pages.find('300'), asked]).toEqual([true, true, []]);
    expect([await pages.find('20'), last(), pages.runs.length]).toEqual([true, '20', 201]);
    expect(await pages.find('gone')).toBe(false);
    await pages.more();
    await pages.more();
    expect(pages.runs.map(one => one.id)).toEqual(Array.from({ length: ALL }, (_, n) => ALL - n));
  });

  it('go on with what the page hears of them', () => {
    const [first, second, third] = [1, 2, 3].map(id =>
      aRun({ id, uuid: `${id}`, status: 'running' })
    );
    const ended = { ...second, status: 'success' as const };
    const other = { ...third, uuid: 'o', name: 'other' };
    const now = withNews([second, first], [other, third, ended], first.name);
    expect(now.map(({ uuid, status }) => `${uuid} ${status}`)).toEqual([
      '3 running',
      '2 success',
      '1 running'
    ]);
  });
});
