/** Retry: with the edited cell of the very run, whichever transform the panel shows. */
import { Actions } from '../actions';
import { PROJECT, RUN, aRun } from './world';

describe('retry of the failed datums of a run', () => {
  const rows = [
    { name: 'totals', cell: 'b', run: aRun({ uuid: 'e'.repeat(32), name: 'totals' }) },
    { name: 'lengths', cell: 'a', run: aRun({ uuid: RUN, name: 'lengths' }) }
  ];

  /** Retry where the cell of `lengths` is as given; the panel shows `totals`. */
  async function retried(source: string): Promise<{ answer: unknown; did: unknown[] }> {
    const did: unknown[] = [];
    const panel: any = {
      rows,
      row: rows[0],
      run: rows[0]!.run,
      runs: { runs: () => [] },
      isEdited: async (text: string, run: { uuid: string }) =>
        run.uuid === RUN && text.includes('mended')
    };
    const requests: any = {
      retry: async (...args: unknown[]) => {
        did.push(args.slice(0, 3));
        return { run: 'f'.repeat(32) };
      }
    };
    const notebook: any = {
      cells: () => [
        { id: 'a', source, mark: null },
        { id: 'b', source: '%%datum totals -i lengths\n1', mark: null }
      ],
      runWith: async (id: string, code: string) => did.push([id, code]) > 0
    };
    const actions = new Actions(
      requests,
      panel,
      {} as any,
      () => notebook,
      () => null
    );
    return { answer: await actions.retryFailed({ project: PROJECT, run: RUN }), did };
  }

  it('runs the cell where it was edited', async () => {
    const { answer, did } = await retried('%%datum lengths -i "*.txt"\nmended');
    expect(answer).toEqual({ edited: true, ok: true });
    expect(did).toEqual([['a', expect.stringMatching(/^%%datum lengths .*--only failed/)]]);
  });

  it('takes what was recorded where it was not', async () => {
    const { answer, did } = await retried('%%datum lengths -i "*.txt"\nas it was');
    expect(answer).toEqual({ run: 'f'.repeat(32) });
    expect(did).toEqual([[PROJECT, RUN, 'failed']]);
  });
});
