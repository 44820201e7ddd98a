/** What is drawn when: a frame of a run comes several times a second. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import React from 'react';

import { until } from '../../__tests__/world';
import { useRead, useSignals } from '../parts';
import { ShownWidget } from '../shown';

/** A figure that tells of each change. */
class Figure {
  readonly changed = new Signal<this, void>(this);
  now = 0;
  drawn = { all: 0, tens: 0 };

  set(now: number): void {
    this.now = now;
    this.changed.emit();
  }
}

function All(props: { figure: Figure }): JSX.Element {
  const { figure } = props;
  useSignals(figure.changed);
  figure.drawn.all++;
  return <b>{figure.now}</b>;
}

function Tens(props: { figure: Figure }): JSX.Element {
  const { figure } = props;
  const tens = useRead(() => Math.floor(figure.now / 10), figure.changed);
  figure.drawn.tens++;
  return <i>{tens}</i>;
}

class Shown extends ShownWidget {
  readonly figure = new Figure();

  protected view(): JSX.Element {
    return (
      <>
        <All figure={this.figure} />
        <Tens figure={this.figure} />
      </>
    );
  }
}

const rest = () => new Promise(done => setTimeout(done, 60));

describe('a view', () => {
  let widget: Shown;
  let figure: Figure;

  beforeEach(async () => {
    const trans = nullTranslator.load('jupyter_datum');
    widget = new Shown({ trans, commands: new CommandRegistry() });
    figure = widget.figure;
    Widget.attach(widget, document.body);
    await until(() => widget.node.textContent === '00');
    await rest();
  });

  afterEach(() => widget.dispose());

  it('that reads one thing is drawn when that is another', async () => {
    const { all, tens } = figure.drawn;
    figure.set(5);
    await until(() => widget.node.textContent === '50');
    expect(figure.drawn).toEqual({ all: all + 1, tens });
    figure.set(12);
    await until(() => widget.node.textContent === '121');
    expect(figure.drawn).toEqual({ all: all + 2, tens: tens + 1 });
  });

  it('stands still behind another one, and is as things are when it is seen again', async () => {
    widget.hide();
    await rest();
    const { all } = figure.drawn;
    figure.set(23);
    await rest();
    expect(figure.drawn.all).toBe(all);
    expect(widget.node.textContent).toBe('00');
    widget.show();
    await until(() => widget.node.textContent === '232');
  });
});
