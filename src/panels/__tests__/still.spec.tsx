/** What the panel keeps in its place while a run goes on. */
import { Page } from '../../__tests__/page';
import { aRun, PROJECT, snapshot, until } from '../../__tests__/world';

const NEXT = 'e'.repeat(32);

describe('the panel, from the start of a run to its end', () => {
  let page: Page;
  const part = (selector: string) => page.sidebar.node.querySelector<HTMLElement>(selector);
  const chips = () =>
    [...page.sidebar.node.querySelectorAll('.jp-datum-chips > *')].map(one => one.textContent);

  beforeEach(() => {
    page = new Page();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    page.dispose();
  });

  it('has a place for each count, and no alarm where none has failed', async () => {
    await page.withRun(new Uint8Array(4), { status: 'running', pending: 4 }, []);
    await until(() => chips().length > 0);
    expect(chips()).toEqual(['success0', 'failed0', 'running0', 'pending4']);
    expect(part('.jp-datum-chips > [data-state=failed]')).toBeNull();
    expect(part('.jp-datum-chips > .jp-datum-no-alarm')).not.toBeNull();
    const run = aRun({ total: 4, status: 'success', success: 4, ended: 12 });
    snapshot(page.server.last, 2, Uint8Array.of(2, 2, 2, 2), run);
    await until(() => chips().join() === 'success4');
  });

  it('has the row of its pace before there is one, with the workers on their way', async () => {
    await page.withRun(new Uint8Array(4), { status: 'running', pending: 4 }, []);
    const cluster = { id: 1, engine: 'joblib', run: aRun().uuid, state: 'requested', up: 0 };
    const since = Date.now() / 1000;
    const put = (message: string | null) =>
      page.put({ type: 'clusters', project: PROJECT }, [{ ...cluster, since, wanted: 4, message }]);
    put(null);
    await until(() => part('.jp-datum-pace > [data-cluster=requested]') !== null);
    // What an engine says of it is as long as it is: it has lines of its own.
    put('job 12 is pending: no node with two GPUs is free before Thursday');
    await page.says('before Thursday');
    expect(part('.jp-datum-pace > [data-cluster]')).toBeNull();
    const paused = aRun({ total: 4, status: 'paused', pending: 4 });
    snapshot(page.server.last, 2, new Uint8Array(4), paused);
    await until(() => page.button(/^Resume 4$/) !== undefined);
    expect(part('.jp-datum-pace')).not.toBeNull();
  });

  it('keeps the room of the map while the next run lists its input', async () => {
    jest.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(180);
    await page.withRun(Uint8Array.of(2, 2), { status: 'success', success: 2, ended: 12 }, []);
    await until(() => part('[data-section=map] canvas') !== null);
    const next = aRun({
      uuid: NEXT,
      id: 8,
      status: 'running',
      requested: 20,
      planned: 0,
      total: 0
    });
    page.put({ type: 'runs', project: PROJECT }, [next]);
    await until(() => page.panel.run?.uuid === NEXT && part('canvas') === null);
    await until(() => part('[data-section=map] [style*="height: 180px"]') !== null);
  });
});
