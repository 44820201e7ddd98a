/** A part that cannot be shown takes nothing else with it. */
import React from 'react';
import { createRoot } from 'react-dom/client';

import { Page } from '../../__tests__/page';
import { until } from '../../__tests__/world';
import { later } from '../later';
import { HostContext } from '../parts';

const [AROUND, HERE] = ['around', 'here'];

describe('a part that comes later', () => {
  const page = new Page();
  let fails: Error | null = new Error('Loading chunk 7 failed');
  let broken = true;
  const Drawn = () => {
    if (broken) {
      throw new TypeError('it says\nnothing of that');
    }
    return <b>{HERE}</b>;
  };
  const Part = later(async () => {
    if (fails) {
      throw fails;
    }
    return Drawn;
  });

  it('says what is the matter, and comes when one asks again', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined); // React's own words
    const node = document.createElement('div');
    const root = createRoot(node);
    root.render(
      <HostContext.Provider value={page.host}>
        <i>{AROUND}</i>
        <Part />
      </HostContext.Provider>
    );
    const says = (words: string) => until(() => node.textContent!.includes(words));
    await says('This part cannot be shown: Loading chunk 7 failed');
    fails = null;
    node.querySelector('button')!.click();
    await says('cannot be shown: it says nothing of that');
    expect(node.textContent).toContain('around');
    broken = false;
    node.querySelector('button')!.click();
    await says('aroundhere');
    root.unmount();
    page.dispose();
    jest.restoreAllMocks();
  });
});
