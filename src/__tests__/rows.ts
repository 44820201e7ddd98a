/** A run with a table: rows as a server gives them, and a list of what it was asked. */
import { RunModel } from '../models/run';
import { TableModel } from '../models/table';
import type { IRows, IRowsQuery, ITableRow } from '../tokens';
import { FAILED } from '../tokens';
import { aRun, PROJECT, RUN } from './world';

/** A run whose every tenth datum has failed, and the server's rows of it. */
export class TableWorld {
  readonly run = new RunModel(PROJECT, RUN);
  readonly asked: IRowsQuery[] = [];
  refuses: string | null = null;
  readonly table: TableModel;

  constructor(readonly total = 1000) {
    this.run.learn(aRun({ total, status: 'failed', ended: 3 }));
    const bytes = new Uint8Array(total).fill(2);
    for (let n = 0; n < total; n += 10) {
      bytes[n] = FAILED;
    }
    Object.assign(this.run, { _states: bytes });
    this.table = new TableModel({ rows: (_p, _r, query) => this.rows(query) }, this.run);
  }

  async rows(query: IRowsQuery): Promise<IRows> {
    this.asked.push(query);
    if (this.refuses) {
      throw new Error(this.refuses);
    }
    const step = query.filter ? 10 : 1;
    const matches = Math.ceil(this.total / step);
    const { first = 0, limit = 0 } = query;
    const rows = Array.from({ length: Math.max(0, Math.min(limit, matches - first)) }, (_, n) =>
      aRow((query.sort === '-pos' ? matches - 1 - first - n : first + n) * step)
    );
    return { rows, first, matches, total: this.total, metrics: ['loss'] };
  }
}

export function aRow(position: number): ITableRow {
  return {
    position,
    id: position + 1,
    key: `f/${position}`,
    state: position % 10 ? 'success' : 'failed',
    tries: 1,
    seconds: 0.1,
    began: 1,
    worker: 'w1',
    outputs: 0,
    group: null,
    error: null,
    metrics: {},
    earlier: false,
    file: null
  };
}
