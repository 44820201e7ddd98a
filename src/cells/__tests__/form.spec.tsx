/** The fields of the form that marks a cell. */
import { ReactWidget } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { Page, write } from '../../__tests__/page';
import { until } from '../../__tests__/world';
import type { IMarkAnswer } from '../../tokens';
import { HostContext } from '../../panels/parts';
import { MarkCheck } from '../../models/markcheck';
import { StateField, TextField } from '../formfields';

/** What the server says of metadata with these mistakes. */
function wrongWith(mistakes: Record<string, string>): IMarkAnswer {
  const [field, mistake] = Object.entries(mistakes)[0];
  return { line: '', field, mistake, mistakes };
}

it('a name is judged while it is typed, and taken once it is one', async () => {
  const page = new Page();
  const taken: unknown[] = [];
  const quiet = { changed: new Signal<object, void>({}), mistakeAt: () => null, told: null };
  const shared: any = { check: quiet, count: quiet, engines: quiet, typed: () => undefined };
  const field: any = {
    name: '/datum/name',
    schema: {},
    onChange: (value: unknown) => taken.push(value)
  };
  const widget = ReactWidget.create(
    <HostContext.Provider value={page.host}>
      <TextField field={field} {...shared} />
    </HostContext.Provider>
  );
  Widget.attach(widget, document.body);
  await until(() => widget.node.querySelector('input') !== null);
  const input = widget.node.querySelector('input')!;
  const leave = () => input.dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
  write(input, 'my thumbs');
  await until(() => widget.node.querySelector('[role=alert]') !== null);
  expect(widget.node.textContent).toContain('no space');
  leave();
  expect(taken).toEqual([]);
  write(input, 'my_thumbs');
  await until(() => widget.node.querySelector('[role=alert]') === null);
  leave();
  await until(() => taken.length > 0);
  expect(taken).toEqual(['my_thumbs']);
  widget.dispose();
  page.dispose();
});

it('tells a mistake once: at its field without the flag, or above where there is no field', async () => {
  (window as any).IntersectionObserver ??= class {
    observe = () => undefined;
    disconnect = () => undefined;
  };
  const page = new Page();
  const wrong: IMarkAnswer[] = [
    wrongWith({ tries: '--tries 0: it must be 1 or more' }),
    wrongWith({ backoff: '--backoff x: write 30s' }),
    wrongWith({ backoff: '--backoff x: write 30s', tries: '--tries 0: it must be 1 or more' })
  ];
  const check = new MarkCheck({ mark: async () => wrong.shift()! });
  const changed = new Signal<object, void>({});
  const cell = { changed, name: 'thumbs', marked: true, run: null };
  const count = { changed, told: null, see: () => undefined };
  const typed = () => undefined;
  const shared: any = { check, count, engines: count, cell, panel: page.panel, typed };
  const field: any = {
    name: '/datum/tries',
    schema: {},
    onChange: () => undefined
  };
  const widget = ReactWidget.create(
    <HostContext.Provider value={page.host}>
      <StateField {...shared} />
      <TextField field={field} {...shared} />
    </HostContext.Provider>
  );
  Widget.attach(widget, document.body);
  const alerts = () => [...widget.node.querySelectorAll('[role=alert]')].map(n => n.textContent);
  await until(() => widget.node.querySelector('input') !== null);
  check.see(true);
  check.look({ name: 'thumbs', tries: '0' });
  await until(() => alerts().length > 0);
  expect(alerts()).toEqual(['0: it must be 1 or more']);
  check.look({ name: 'thumbs', backoff: 'x' });
  await until(() => alerts()[0]?.includes('backoff') ?? false);
  expect(alerts()).toEqual(['--backoff x: write 30s']);
  check.look({ name: 'thumbs', backoff: 'x', tries: '0' });
  await until(() => alerts().length > 1);
  expect(alerts()).toEqual(['--backoff x: write 30s', '0: it must be 1 or more']);
  widget.dispose();
  page.dispose();
});

it('says of an engine that no Python knows what it would have to be', async () => {
  const page = new Page();
  const changed = new Signal<object, void>({});
  const quiet = { changed, mistakeAt: () => null, told: null };
  const names = ['serial', 'joblib'].map(name => ({ name }));
  const engines: any = { changed, known: null, look: jest.fn() };
  const shared: any = { check: quiet, count: quiet, engines, typed: () => undefined };
  const field: any = { name: '/datum/engine', schema: {}, onChange: () => undefined };
  const widget = ReactWidget.create(
    <HostContext.Provider value={page.host}>
      <TextField field={field} {...shared} />
    </HostContext.Provider>
  );
  Widget.attach(widget, document.body);
  const word = () => widget.node.querySelector('[role=status]')?.textContent ?? null;
  await until(() => word() !== null);
  expect(engines.look).not.toHaveBeenCalled(); // nothing is asked for because a form is seen
  const input = widget.node.querySelector('input')!;
  write(input, 'nosuch');
  await until(() => engines.look.mock.calls.length > 0);
  expect(word()).toBe(''); // nobody knows yet
  engines.known = { engines: names, problem: null };
  changed.emit();
  await until(() => word() !== '');
  expect(word()).toContain('Engines: serial, joblib');
  for (const known of ['serial', 'tcp://far:8786', 'joblib:threading', '$client', '']) {
    write(input, known);
    await until(() => word() === '');
  }
  expect(widget.node.querySelector('[role=alert]')).toBeNull();
  widget.dispose();
  page.dispose();
});
