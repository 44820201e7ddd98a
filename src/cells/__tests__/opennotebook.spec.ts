/** Which notebook the server is asked about. */
import { Signal } from '@lumino/signaling';

import { OpenNotebook } from '../opennotebook';

function on(path: string, localPath: string): OpenNotebook {
  const signal = () => new Signal<object, any>({});
  const model = { contentChanged: signal() };
  const context = { path, localPath, model, saveState: signal(), pathChanged: signal() };
  const sessionContext = { kernelChanged: signal(), statusChanged: signal() };
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
