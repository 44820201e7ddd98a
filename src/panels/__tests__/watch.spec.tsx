/** The watch of a transform: begun, told of, stopped, refused. */
import { Page, write } from '../../__tests__/page';
import { until } from '../../__tests__/world';
import { Commands } from '../../tokens';

it('is not asked for before anything has run: there may be no ledger yet', async () => {
  const page = new Page();
  const watches = jest.spyOn(page.watch, 'watches');
  await page.open();
  await page.find(/^Run the cell$/);
  expect(watches).not.toHaveBeenCalled();
  page.dispose();
});

describe('a watch', () => {
  let page: Page;

  beforeEach(async () => {
    page = new Page();
    await page.withRun(Uint8Array.of(2), { status: 'success', success: 1, ended: 12 }, []);
  });
  afterEach(() => page.dispose());

  it('begins at one click, and is told of until it is stopped', async () => {
    const button = await page.find(/^Watch$/);
    expect(button.getAttribute('aria-pressed')).toBe('false');
    button.click();
    const [id, args] = page.executed.pop()!;
    expect([id, args]).toEqual([Commands.watch, { name: 'means', settle: 2 }]);
    expect((await page.watches.ask('means', 5))!.state).toBe('active');
    await page.says('3 runs');
    await page.says('its runner has died');
    expect(page.button(/^Watch$/)!.getAttribute('aria-pressed')).toBe('true');
    const seconds = page.sidebar.node.querySelector<HTMLInputElement>('.jp-datum-watch input')!;
    expect(seconds.value).toBe('5');
    write(seconds, '9');
    seconds.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
    expect(page.executed.pop()).toEqual([Commands.watch, { name: 'means', settle: 9 }]);
    page.button(/Stop watching/)!.click();
    expect(page.executed.pop()).toEqual([Commands.watch, { name: 'means', stop: true }]);
    await page.watches.ask('means', null);
    await until(() => page.button(/Stop watching/) === undefined);
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
