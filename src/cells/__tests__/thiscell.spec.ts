/** Which cell is marked. */
import { CodeCell } from '@jupyterlab/cells';
import { Signal } from '@lumino/signaling';

import { ThisCell } from '../thiscell';

function aCell(id: string, source: string): any {
  const metadata: Record<string, unknown> = {};
  const signal = new Signal<object, any>({});
  const model = {
    id,
    sharedModel: { getSource: () => source },
    getMetadata: (key: string) => metadata[key],
    setMetadata: (key: string, value: unknown) => void (metadata[key] = value),
    metadataChanged: signal,
    contentChanged: signal
  };
  const gone = { value: false, writable: true };
  return Object.create(CodeCell.prototype, { model: { value: model }, isDisposed: gone });
}

describe('the cell that is marked', () => {
  const [one, other] = [aCell('one', 'f(datum)'), aCell('other', 'g(datum)')];
  const tracker: any = { activeCell: one, activeCellChanged: new Signal({}) };
  const panel: any = { changed: new Signal({}), rows: [] };
  const shown: string[] = [];
  const notebook: any = { show: async (id: string) => shown.push(id) };
  const cell = new ThisCell(tracker, panel, () => notebook);

  it('is the one for which the name was asked, and is the active one then', () => {
    const mark = cell.marker();
    tracker.activeCell = other; // to which the dialog gave the focus back
    expect(mark('thumbs')).toEqual({ name: 'thumbs' });
    expect(one.model.getMetadata('datum')).toEqual({ name: 'thumbs' });
    expect(other.model.getMetadata('datum')).toBeUndefined();
    expect(shown).toEqual(['one']);
  });

  it('is none that has gone meanwhile', () => {
    const mark = cell.marker();
    other.isDisposed = true;
    expect(() => mark('thumbs')).toThrow('cannot be marked');
  });
});
