/** Failures that somebody expects: told wherever failures are counted, and an alarm nowhere. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { createRoot } from 'react-dom/client';

import { Page } from '../../__tests__/page';
import { aRun, until } from '../../__tests__/world';
import { BadgeView } from '../../cells/badges';
import type { ICount } from '../../tokens';
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

describe('the badge of a cell that has not run', () => {
  const words = async (count: ICount | null, unreadable = false): Promise<HTMLElement> => {
    const node = document.createElement('div');
    const root = createRoot(node);
    const host = { trans: nullTranslator.load('x'), commands: new CommandRegistry() };
    const shown = { name: 'means', run: null, edited: false, streams: false, picked: null };
    root.render(
      <HostContext.Provider value={host}>
        <BadgeView {...shown} count={count} unreadable={unreadable} />
      </HostContext.Provider>
    );
    await until(() => node.textContent !== '');
    return node;
  };
  const told = { whole: true, why: null, mistake: null };

  it('says so, and how many datums there are', async () => {
    expect((await words(null)).textContent).toBe('not run yet');
    // Without a ledger that can be read nobody knows that.
    expect((await words(null, true)).textContent).toBe('means');
    expect((await words({ ...told, count: 1234 })).textContent).toBe('not run yet1,234 datums');
    const more = await words({ ...told, count: 5000, whole: false });
    expect(more.textContent).toBe('not run yetmore than 5,000 datums');
    const far = await words({ ...told, count: null, whole: false, why: 'far' });
    expect(far.textContent).toBe('not run yet');
    const wrong = await words({ ...told, count: null, mistake: "no file matches 'x'" });
    expect(wrong.textContent).toBe('not run yetlook at its input');
    const line = await words({ ...told, count: null, why: 'line', mistake: 'did you mean -i?' });
    expect(line.textContent).toBe('not run yetlook at its first line');
    expect(wrong.querySelector('[title="no file matches \'x\'"]')).not.toBeNull();
  });
});
