/** Pages that are told of the same change draw it one after the other, and lose nothing by that. */
import { Signal } from '@lumino/signaling';
import React from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { PageContext, useRead, useSignals } from '../panels/parts';
import { OwnTurn } from '../panels/shown';
import { inTurn } from '../turns';
import { until } from './world';

class Model {
  value = 0;
  changed = new Signal<this, void>(this);
  put(value: number): void {
    this.value = value;
    this.changed.emit();
  }
}

const frame = () => new Promise(done => requestAnimationFrame(done));

describe('turns of pages', () => {
  const roots: Root[] = [];
  let model: Model;

  function show(view: JSX.Element): HTMLElement {
    const node = document.createElement('div');
    const root = createRoot(node);
    root.render(<PageContext.Provider value={{}}>{view}</PageContext.Provider>);
    roots.push(root);
    return node;
  }

  function Value(): JSX.Element {
    useSignals(model.changed);
    return <b>{model.value}</b>;
  }

  beforeEach(() => {
    model = new Model();
  });
  afterEach(() => roots.splice(0).forEach(root => root.unmount()));

  it('draws two pages in two frames, and what is typed at once', async () => {
    const one = show(<Value />);
    const other = show(<Value />);
    const shown = () => [one.textContent, other.textContent].join();
    await until(() => shown() === '0,0');
    await frame();
    inTurn(() => model.put(1));
    const seen = new Set<string>();
    while (shown() !== '1,1') {
      await frame();
      seen.add(shown());
    }
    expect([...seen]).toEqual(['0,0', '1,0', '1,1']);
    model.put(2);
    await Promise.resolve();
    expect(shown()).toBe('2,2');
  });

  it('draws the parts of a long page that are below in a frame of their own', async () => {
    const page = show(
      <>
        <Value />
        <OwnTurn>
          <Value />
        </OwnTurn>
      </>
    );
    await until(() => page.textContent === '00');
    await frame();
    inTurn(() => model.put(1));
    const seen = new Set<string>();
    while (page.textContent !== '11') {
      await frame();
      seen.add(page.textContent!);
    }
    expect([...seen]).toEqual(['00', '10', '11']);
  });

  it('draws once what is told often before the turn', async () => {
    let times = 0;
    const Often = () => {
      times++;
      return <b>{useRead(() => model.value, model.changed)}</b>;
    };
    const node = show(<Often />);
    await until(() => node.textContent === '0');
    await frame();
    const before = times;
    inTurn(() => [1, 2, 3].forEach(value => model.put(value)));
    await until(() => node.textContent === '3');
    await frame();
    expect(times).toBe(before + 1);
    inTurn(() => model.put(3));
    await frame();
    await frame();
    expect(times).toBe(before + 1); // it reads the same
  });

  it('loses no effect where React draws for another reason before the turn', async () => {
    const effects: number[] = [];
    let again: (n: number) => void = () => undefined;
    const Effect = () => {
      const [, set] = React.useState(0);
      again = set;
      useSignals(model.changed);
      React.useEffect(() => void effects.push(model.value), [model.value]);
      return <b>{model.value}</b>;
    };
    const node = show(<Effect />);
    await until(() => effects.length === 1);
    again(1);
    await frame();
    inTurn(() => model.put(5));
    again(1); // for which React draws once more, to see that nothing has changed
    await until(() => node.textContent === '5');
    await frame();
    await frame();
    expect(effects).toEqual([0, 5]);
  });
});
