/** The watch of a transform: begun, told of, stopped, refused. */
import { Page } from '../../__tests__/page';
import { until } from '../../__tests__/world';
import { Commands } from '../../tokens';

describe('a watch', () => {
  let page: Page;

  beforeEach(async () => {
    page = new Page();
    await page.withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12 }, []);
  });
  afterEach(() => page.dispose());

  it('begins with the seconds that are said, and is told of until it is stopped', async () => {
    (await page.find(/^Watch/)).click();
    const start = await page.find(/Start watching/);
    start.click();
    const [id, args] = page.executed.pop()!;
    expect([id, args]).toEqual([Commands.watch, { name: 'means', settle: 2 }]);
    expect((await page.watches.ask('means', 5))!.state).toBe('active');
    await page.says('files count after 5 s · 3 runs');
    page.button(/Stop watching/)!.click();
    expect(page.executed.pop()).toEqual([Commands.watch, { name: 'means', stop: true }]);
    await page.watches.ask('means', null);
    await until(() => page.button(/^Watch/) !== undefined);
    expect(page.watch.asked).toEqual([
      ['means', 5],
      ['means', null]
    ]);
  });

  it('is refused with the sentence of the runner', async () => {
    page.watch.refuses = 'numbers is no input of files';
    await expect(page.watches.ask('means', 2)).rejects.toThrow('numbers is no input of files');
    expect(page.watches.of('means')).toBeNull();
  });
});
