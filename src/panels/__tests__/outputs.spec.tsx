/** What cells displayed, drawn by JupyterLab's own renderers, and never trusted. */
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';

import { PROJECT, RUN, until } from '../../__tests__/world';
import { DatumModel } from '../../models/datum';
import type { IOutput } from '../../tokens';
import { DatumWidget } from '../datumview';

const PNG = 'iVBORw0KGgo=';
const EVIL = '<img src=x onerror=alert(1)><script>alert(2)</script><b>hello</b>';

function output(data: Record<string, unknown>, result = false): IOutput {
  return { output_type: result ? 'execute_result' : 'display_data', data };
}

describe('the outputs of a datum', () => {
  let widget: DatumWidget;
  let model: DatumModel;
  let shown: IOutput[];
  let detail: any;
  let asked: unknown[] | null;

  async function open(rendermime: RenderMimeRegistry | null): Promise<HTMLElement> {
    const host = {
      trans: nullTranslator.load('x'),
      commands: new CommandRegistry(),
      rendermime
    };
    const source = {
      datum: async () => detail,
      position: async () => detail,
      log: async () => ({ text: '', size: 0, cut: false }),
      history: async () => Promise.reject(new Error('an older server')),
      lineage: async () => null,
      display: async (_project: string, _id: number, run: string | number, attempt: number) => {
        asked = [run, attempt];
        return shown;
      }
    };
    model = new DatumModel(source, PROJECT, RUN);
    widget = new DatumWidget(host, model);
    Widget.attach(widget, document.body);
    await model.open(11);
    return widget.node;
  }

  const registry = () => new RenderMimeRegistry({ initialFactories: standardRendererFactories });

  beforeEach(() => {
    asked = null;
    shown = [];
    const attempts = [{ run: RUN, attempt: 1, state: 'success', began: 1, message: null }];
    detail = {
      id: 11,
      key: 'a.csv',
      state: 'success',
      attempt: 1,
      attempts,
      seconds: 0.1,
      began: 1,
      worker: 'w1',
      position: 0,
      run: RUN,
      group: null,
      inputs: [],
      outputs: [],
      result: null,
      metrics: {}
    };
  });

  afterEach(() => {
    widget.dispose();
  });

  it('draws pictures, and HTML without what runs in it', async () => {
    shown = [output({ 'text/html': EVIL, 'text/plain': 'x' }), output({ 'image/png': PNG }, true)];
    const node = await open(registry());
    await until(() => node.querySelector('b') !== null && node.querySelectorAll('img').length > 1);
    expect(node.querySelector('script')).toBeNull();
    expect(node.querySelector('[onerror]')).toBeNull();
    expect(node.querySelector('[data-mime="image/png"] img')!.getAttribute('src')).toContain(PNG);
  });

  it('never draws what only trust may: scripts and live SVG', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    shown = [
      output({ 'application/javascript': 'alert(1)', 'text/plain': 'a script' }),
      output({ 'image/svg+xml': svg, 'text/plain': 'a drawing' })
    ];
    const node = await open(registry());
    await until(() => (node.textContent ?? '').includes('a drawing'));
    expect(node.textContent).toContain('a script');
    expect(node.querySelector('script')).toBeNull();
  });

  it('says which item a datum is that has no file', async () => {
    detail.item = '{"block": 7, "of": "<b>\\u202e"}'.replace('\\u202e', '\u202e');
    const node = await open(null);
    await until(() => node.querySelector('[data-section=input] code') !== null);
    const said = node.querySelector('[data-section=input]')!.textContent;
    expect(said).toBe('Input{"block": 7, "of": "<b>\\u202e"}');
  });

  it('shows the text where there is nothing to draw with', async () => {
    shown = [output({ 'text/html': EVIL, 'text/plain': 'plain \u202etext' })];
    const node = await open(null);
    await until(() => (node.textContent ?? '').includes('plain \\u202etext'));
    expect(node.querySelector('b')).toBeNull();
  });

  it('shows a result once, and of a failed attempt what it displayed until then', async () => {
    detail.result = '{"n": 1}';
    shown = [output({ 'text/plain': 'displayed' }), output({ 'text/plain': '{"n": 1}' }, true)];
    const node = await open(registry());
    await until(() => (node.textContent ?? '').includes('displayed'));
    expect(node.textContent!.split('{"n": 1}')).toHaveLength(2);
    widget.dispose();
    const failed = { ...detail.attempts[0], attempt: 2, began: 2, state: 'failed', message: 'no' };
    const attempts = [detail.attempts[0], failed];
    detail = { ...detail, state: 'failed', result: '{"n": 1}', attempts };
    shown = [output({ 'text/plain': 'halfway' }), output({ 'text/plain': 'of its success' }, true)];
    const page = await open(registry());
    await until(() => (page.textContent ?? '').includes('halfway'));
    expect(asked).toEqual([RUN, 2]);
    expect(page.textContent).toContain('What it displayed until it failed');
    expect(page.textContent).not.toContain('of its success');
    shown = [];
    await model.choose(0);
    expect(asked).toEqual([RUN, 1]);
    expect(model.outputs).toEqual([]);
  });
});
