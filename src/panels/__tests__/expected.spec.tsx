/** Failures that somebody expects: told wherever failures are counted, and an alarm nowhere. */
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { createRoot } from 'react-dom/client';

import { Page } from '../../__tests__/page';
import { aRun, until } from '../../__tests__/world';
import { BadgeView } from '../../cells/badges';
import { HostContext } from '../parts';
import { StatusItem } from '../statusitem';

const SOME = { status: 'failed', success: 1, failed: 3, expected: 1, ended: 12 } as const;
const ALL = { ...SOME, expected: 3 };

describe('failures that are expected', () => {
  let page: Page;
  let status: StatusItem;

  beforeEach(() => {
    page = new Page();
    status = new StatusItem(page.host, page.panel);
    Widget.attach(status, document.body);
  });
  afterEach(() => {
    status.dispose();
    page.dispose();
  });

  const row = () => page.sidebar.node.querySelector('.jp-datum-transform')!;

  it('are told apart from the others', async () => {
    await page.withRun(Uint8Array.of(2, 3, 3, 3), SOME);
    await until(() => status.node.textContent === 'Datums: 3 failed, 1 of them expected');
    expect(status.node.querySelector('.jp-datum-no-alarm')).toBeNull();
    expect(row().querySelector('.jp-datum-bad')!.textContent).toBe('2 failed');
    expect(row().querySelector('.jp-datum-bad')!.getAttribute('title')).toMatch(/^3 failed, 1 of/);
    const bar = page.sidebar.node.querySelector('[data-section=run] [role=progressbar]')!;
    expect(bar.getAttribute('aria-valuetext')).toBe('4 of 4, 3 failed, 1 of them expected');
  });

  it('alone are no alarm', async () => {
    await page.withRun(Uint8Array.of(2, 3, 3, 3), ALL);
    await until(() => status.node.textContent === 'Datums: 3 failed, all expected');
    expect(status.node.querySelector('.jp-datum-no-alarm')).not.toBeNull();
    expect(row().querySelector('.jp-datum-bad')).toBeNull();
    expect(row().textContent).toMatch(/3 expected$/);
    expect(row().querySelector('.jp-datum-no-alarm [data-state=failed]')).not.toBeNull();
  });

  it.each([
    [SOME, '3 failed, 1 of them expected', 0],
    [ALL, '3 failed, all expected', 1]
  ])('stand on the badge of the cell', async (counts, words, quiet) => {
    const node = document.createElement('div');
    const root = createRoot(node);
    const shown = { run: aRun({ ...counts, total: 4 }), edited: false, streams: false };
    const host = { ...page.host, trans: nullTranslator.load('x') };
    root.render(
      <HostContext.Provider value={host}>
        <BadgeView name="means" picked={null} {...shown} />
      </HostContext.Provider>
    );
    await until(() => node.textContent!.includes(words));
    expect(node.querySelectorAll('.jp-datum-no-alarm')).toHaveLength(quiet);
    root.unmount();
  });
});
