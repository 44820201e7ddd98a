import { aRun } from '../../__tests__/world';
import { listRows } from '../rows';

const cell = (id: string, source: string) => ({ id, source, code: true, metadata: {} }) as any;
const saved = (name: string | null, cell_id: string) =>
  ({ name, cell_id, needs: [], run: null, changed: false }) as any;

describe('the rows of the panel', () => {
  const run = aRun({ name: 'sites' });

  it('keep the cell of a transform whose text does not tell its name', () => {
    const [row] = listRows([cell('a', 'x = 1')], [saved('sites', 'a')], [run]);
    expect(row).toMatchObject({ name: 'sites', cell: 'a', run });
  });

  it('leave out a saved cell whose line has no name, for that of the open notebook', () => {
    const cells = [cell('a', '%%datum step-1 -i x'), cell('b', '%%datum sites -i x')];
    const rows = listRows(cells, [saved(null, 'a'), saved('sites', 'b')], [run]);
    expect(rows.map(row => [row.name, row.cell])).toEqual([
      ['step-1', 'a'],
      ['sites', 'b']
    ]);
  });

  it('give a cell that was renamed and not saved to its new name alone', () => {
    const cells = [cell('a', '%%datum mysites -i x')];
    const rows = listRows(cells, [saved('sites', 'a')], [run]);
    expect(rows.map(row => [row.name, row.cell, row.run?.name])).toEqual([
      ['mysites', 'a', undefined],
      ['sites', null, 'sites']
    ]);
  });
});
