/** Which notebook the server is asked about. */
import { Signal } from '@lumino/signaling';

import { OpenNotebook } from '../opennotebook';

const signal = () => new Signal<object, any>({});

function on(path: string, localPath: string, more: object = {}): OpenNotebook {
  const model = { contentChanged: signal() };
  const context = { path, localPath, model, saveState: signal(), pathChanged: signal() };
  const signals = { kernelChanged: signal(), statusChanged: signal(), iopubMessage: signal() };
  const sessionContext = { ...signals, ...more };
  return new OpenNotebook({ context, sessionContext } as any);
}

describe('the path of an open notebook', () => {
  it.each([
    ['a/b.ipynb', 'a/b.ipynb', 'a/b.ipynb', false],
    ['RTC:a/b.ipynb', 'a/b.ipynb', 'a/b.ipynb', false],
    ['far:a/b.ipynb', 'a/b.ipynb', 'far:a/b.ipynb', true]
  ])('of %s', (path, local, asked, far) => {
    const open = on(path, local);
    expect([open.path, open.far]).toEqual([asked, far]);
    open.dispose();
  });
});

describe('a kernel that comes to rest', () => {
  const [statusChanged, iopubMessage] = [signal(), signal()];
  const asked: string[] = [];
  const works = (message?: string) => {
    statusChanged.emit('busy');
    iopubMessage.emit({ header: { msg_type: message ?? 'comm_msg' } });
    statusChanged.emit('idle');
    return asked.splice(0).length;
  };

  it('is asked about when it is new, has run code or has begun anew, and not for all it does', () => {
    const open = on('a.ipynb', 'a.ipynb', { statusChanged, iopubMessage, isReady: true });
    open.changed.connect((_, what) => asked.push(what));
    expect(works()).toBe(1);
    expect(works()).toBe(0);
    expect(works('execute_input')).toBe(1);
    expect(works('comm_info_reply')).toBe(0);
    statusChanged.emit('restarting');
    expect(works()).toBe(1);
    expect(works()).toBe(0);
    open.dispose();
  });
});
