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

it('a name is judged while it is typed, and taken once it is one', async () => {
  const page = new Page();
  const taken: unknown[] = [];
  const quiet = { changed: new Signal<object, void>({}), mistakeAt: () => null, told: null };
  const shared: any = { check: quiet, count: quiet, typed: () => undefined };
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
    { line: '', field: 'tries', mistake: '--tries 0: it must be 1 or more' },
    { line: '', field: 'backoff', mistake: '--backoff x: write 30s' }
  ];
  const check = new MarkCheck({ mark: async () => wrong.shift()! });
  const changed = new Signal<object, void>({});
  const cell = { changed, name: 'thumbs', marked: true, run: null };
  const count = { changed, told: null, see: () => undefined };
  const shared: any = { check, count, cell, panel: page.panel, typed: () => undefined };
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
  widget.dispose();
  page.dispose();
});
