/** The view of a run for hosts without the panel: the very file that anywidget serves. */
import * as path from 'path';

interface IModel {
  get(key: string): unknown;
  on(event: string, then: () => void): void;
  off(event: string, then: () => void): void;
}
type Render = (host: { model: IModel; el: HTMLElement }) => () => void;

const FILE = path.resolve(__dirname, '../../jupyter_datum/notebook/widget.js');
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { render } = require(FILE).default as { render: Render };
const GOING = { name: 'thumbs', status: 'running', line: '13/s, 4 s left', total: 20, success: 15 };

/** What the widget shows of a run; `hear` is a message of the kernel. */
function shown(head: object, further = 0): { el: HTMLElement; hear: () => void; end: () => void } {
  let hear = () => {};
  const model = {
    get: (key: string) =>
      ({
        head: { ...GOING, pending: 5, running: 0, size: 1, further, ...head },
        groups: [{ datums: 2, type: 'ValueError', message: '<b>bad</b>', place: 'cell line 5' }],
        tiles: new DataView(new Uint8Array(0).buffer)
      })[key],
    on: (_: string, then: () => void) => {
      hear = then;
    },
    off: () => {}
  };
  const el = document.body.appendChild(document.createElement('div'));
  const end = render({ model, el });
  jest.advanceTimersByTime(100);
  return { el, hear: () => hear(), end };
}

beforeEach(() => {
  jest.useFakeTimers();
  const pixel = { fillRect: () => {}, getImageData: () => ({ data: [0, 0, 0, 255] }) };
  jest.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(pixel as never);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('a page that hears nothing any more does not go on to promise an end', () => {
  const live = shown({ at: Date.now() / 1000 });
  expect(live.el.textContent).toContain('13/s, 4 s left');
  jest.advanceTimersByTime(14000);
  live.hear();
  jest.advanceTimersByTime(14000);
  expect(live.el.textContent).toContain('13/s, 4 s left');
  jest.advanceTimersByTime(10000);
  expect(live.el.textContent).toMatch(/as of .*no kernel tells/);
  expect(live.el.textContent).not.toContain('4 s left');
  live.end();
});

test('one that was saved in mid-run says so at once, one that has ended does not', () => {
  const at = Date.now() / 1000 - 3600;
  expect(shown({ at, ended: false }).el.textContent).toMatch(/as of .*no kernel tells/);
  expect(shown({ at, ended: true, line: '15 succeeded' }).el.textContent).toContain('15 succeeded');
});

test('groups are text, and what is not named is counted', () => {
  const { el } = shown({ at: Date.now() / 1000 }, 1234);
  expect(el.querySelector('b')).toBeNull();
  expect(el.textContent).toContain('ValueError: <b>bad</b>');
  expect(el.textContent).toContain('1,234in further groups');
  expect(el.querySelector('[role=progressbar]')!.getAttribute('aria-label')).toBe('thumbs');
});
