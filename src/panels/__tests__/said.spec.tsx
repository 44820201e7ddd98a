/** A run as a cell's output, and what a run says beside its counts. */
import { Widget } from '@lumino/widgets';

import { Page } from '../../__tests__/page';
import { aRun, PROJECT, RUN, snapshot, until } from '../../__tests__/world';
import { RunOutput } from '../../cells/output';
import { MIME_TYPE } from '../../tokens';

const BUNDLE = { project: PROJECT, run: RUN, name: 'means', counts: { total: 4 } };
const NOTED = {
  notes: ['left out, for want of their files: 2 rows'],
  dirty: 1,
  pruned: { files: 1200, edited: 1 },
  not_pruned: null
};

describe('a run in a cell', () => {
  let page: Page;

  beforeEach(() => {
    page = new Page();
  });
  afterEach(() => page.dispose());

  async function drawn(...runs: object[]): Promise<RunOutput> {
    const output = new RunOutput(page.host, page.runs);
    Widget.attach(output, document.body);
    await output.renderModel({ data: { [MIME_TYPE]: BUNDLE, 'text/plain': 'x' } } as any);
    await until(() => page.server.sockets.length === 1);
    page.server.last.open();
    page.put({ type: 'runs', project: PROJECT }, runs);
    return output;
  }

  it('says why it went wrong', async () => {
    const message = "the folder 'in' of the pattern 'in/*.csv' does not exist\n<b>";
    const output = await drawn(aRun({ status: 'error', message, total: 0, ended: 3 }));
    await until(() => (output.node.textContent ?? '').includes('does not exist <b>'));
    expect(output.node.querySelector('b')).toBeNull();
    output.dispose();
  });

  it('claims nothing of now where its ledger is not here', async () => {
    const output = new RunOutput(page.host, page.runs);
    Widget.attach(output, document.body);
    const counts = { total: 9, success: 3, failed: 1, pending: 5 };
    const data = { [MIME_TYPE]: { ...BUNDLE, status: 'running', counts } };
    await output.renderModel({ data } as any);
    const says = () => output.node.textContent ?? '';
    await until(() => says().includes('running: 4 of 9'));
    page.server.last.open();
    page.put(
      { type: 'error', project: PROJECT, run: RUN, code: 'not-found', message: 'no <b>' },
      ''
    );
    await until(() => says().includes('4 of 9 when this was saved'));
    expect(says()).not.toContain('running');
    output.dispose();
  });

  it('has a pace while it runs, and none in a pause', async () => {
    const going = { status: 'running' as const, total: 9, pending: 0, planned: 1 };
    const output = await drawn(aRun({ ...going, success: 1 }));
    await until(() => (output.node.textContent ?? '').includes('1 of 9'));
    page.put({ type: 'runs', project: PROJECT }, [aRun({ ...going, success: 5 })]);
    await until(() => /5 of 9.*\d\/s/.test(output.node.textContent ?? ''));
    page.put({ type: 'runs', project: PROJECT }, [
      aRun({ ...going, status: 'paused', success: 6 })
    ]);
    await until(() => (output.node.textContent ?? '').includes('paused: 6 of 9'));
    expect(output.node.textContent).not.toContain('/s');
    output.dispose();
  });

  it('says what became of files, of inputs that changed and of rows that were left out', async () => {
    const left = { 'output edited by hand': 2, 'failed before': 3 };
    const over = { status: 'success' as const, success: 4, total: 4, ended: 3, noted: NOTED, left };
    const output = await drawn(aRun(over));
    await until(() => output.node.querySelectorAll('.jp-datum-noted li').length === 5);
    const said = [...output.node.querySelectorAll('.jp-datum-noted li')].map(li => li.textContent);
    expect(said).toEqual([
      'An input of 1 datum changed while it was processed: it runs again next time.',
      '2 outputs that were edited by hand were kept as they are.',
      '1,200 outputs of vanished inputs were removed.',
      '1 output of a vanished input stays, as it was edited by hand.',
      NOTED.notes[0]
    ]);
    expect(output.node.textContent).toContain('3 datums that failed before');
    const newer = aRun({ uuid: '1'.repeat(32), id: 9 });
    page.put({ type: 'runs', project: PROJECT }, [newer, aRun(over)]);
    await until(() => !(output.node.textContent ?? '').includes('3 datums that failed before'));
    expect(output.node.querySelectorAll('.jp-datum-noted li')).toHaveLength(5);
    output.dispose();
  });

  it('says so in the panel too, and of a run that its own rule stopped that it was', async () => {
    const over = { status: 'failed' as const, success: 1, failed: 1, cancelled: 2, ended: 3 };
    await page.withRun(Uint8Array.of(2, 3, 6, 6), { ...over, noted: NOTED });
    await page.says('1,200 outputs of vanished inputs were removed.');
    await page.says('stopped on failures');
    expect(page.text).not.toContain('done with failures');
  });

  it('counts the seconds of a run on while no frame comes', async () => {
    const started = Date.now() / 1000 - 60;
    const going = { status: 'running' as const, success: 3, running: 1, started };
    await page.withRun(Uint8Array.of(2, 2, 2, 1), going);
    const now = Date.now;
    const later = jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    await page.says('running· 1:01:0');
    later.mockRestore();
  });

  it('draws a cell output from the bundle first, then live', async () => {
    const output = new RunOutput(page.host, page.runs);
    Widget.attach(output, document.body);
    const bundle = {
      project: PROJECT,
      run: RUN,
      name: 'means',
      status: 'running',
      counts: { total: 4, success: 1, failed: 1 }
    };
    await output.renderModel({ data: { [MIME_TYPE]: bundle, 'text/plain': 'x' } } as any);
    await until(() => (output.node.textContent ?? '').includes('2 of 4'));
    await until(() => page.server.sockets.length === 1);
    page.server.last.open();
    snapshot(page.server.last, 1, Uint8Array.of(2, 2, 2, 3), {
      status: 'failed',
      success: 3,
      failed: 1,
      ended: 3
    });
    await until(() => (output.node.textContent ?? '').includes('3 success'));
    expect(output.node.textContent).toContain('Retry 1');
    output.dispose();
    const last = page.server.last.said.slice(-2).map(({ type }) => type);
    expect(last).toEqual(['unsubscribe', 'unwatch']);
  });

  it('shows the plain text of a bundle that is none of ours', async () => {
    const output = new RunOutput(page.host, page.runs);
    Widget.attach(output, document.body);
    const bundle = { project: '../x', run: RUN, counts: {} };
    await output.renderModel({ data: { [MIME_TYPE]: bundle, 'text/plain': 'as text' } } as any);
    await until(() => output.node.textContent === 'as text');
    expect(page.server.sockets).toHaveLength(0);
    output.dispose();
  });
});
