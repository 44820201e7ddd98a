/** Retry: with the edited cell of the very run, whichever transform the panel shows. */
import { Widget } from '@lumino/widgets';

import { Actions } from '../actions';
import { RunOutput } from '../cells/output';
import { RunDocument } from '../document/widget';
import { DocumentModel } from '../models/document';
import { MIME_TYPE } from '../tokens';
import { CELL, Page } from './page';
import { PROJECT, RUN, aRun, until } from './world';

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
      editedSince: async (run: string) => run === RUN && source.includes('mended')
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

it('every button says which code it takes, and follows the cell', async () => {
  const page = new Page();
  await page.withRun(Uint8Array.of(2, 3, 3), {
    status: 'failed',
    success: 1,
    failed: 2,
    ended: 12
  });
  const output = new RunOutput(page.host, page.runs);
  Widget.attach(output, document.body);
  const bundle = { project: PROJECT, run: RUN, name: 'means', status: 'failed', counts: {} };
  await output.renderModel({ data: { [MIME_TYPE]: bundle } } as any);
  const no = async () => Promise.reject(new Error('an older server'));
  const run = async () => ({ ...aRun(), source: CELL, untracked: null });
  const requests: any = { run, overview: no, runs: no };
  const model = new DocumentModel(page.runs, requests, { project: PROJECT, run: RUN });
  const opened = new RunDocument(page.host, model, null);
  Widget.attach(opened, document.body);
  const views = [page.sidebar, output, opened];
  const said = () =>
    views.map(({ node }) =>
      [...node.querySelectorAll('[data-command="datum:retry-failed"]')].map(one =>
        one.getAttribute('aria-label')
      )
    );
  const all = (words: string) => JSON.stringify(views.map(() => [words]));
  await until(() => JSON.stringify(said()) === all('Retry 2'));
  page.notebook.edit(CELL.replace('mean(', 'median('));
  await until(() => JSON.stringify(said()) === all('Retry 2 with the edited cell'));
  views.forEach(view => view.dispose());
  page.dispose();
});
