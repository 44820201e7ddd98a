/** The fields of the form that marks a cell. */
import { ReactWidget } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { Page, write } from '../../__tests__/page';
import { until } from '../../__tests__/world';
import { HostContext } from '../../panels/parts';
import { TextField } from '../formfields';

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
