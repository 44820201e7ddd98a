/** The extension of docs/extend.md, as it stands there, in a front end with our plugins. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PluginRegistry } from '@lumino/coreutils';
import * as fs from 'fs';
import * as path from 'path';
import * as ts from 'typescript';

import * as ours from '..';
import { ICore } from '../plugins/tokens';
import type { IDatumFile } from '../tokens';

const text = fs.readFileSync(path.join(__dirname, '../../docs/extend.md'), 'utf8');
const blocks = (kind: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(m => m[1]);

/** Compile a module; it may import our package, and types. */
function load(source: string): any {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020 };
  const { outputText } = ts.transpileModule(source, { compilerOptions: options });
  const module = { exports: {} as any };
  const shared: Record<string, unknown> = { 'jupyter-datum': ours };
  new Function('module', 'exports', 'require', outputText)(
    module,
    module.exports,
    (name: string) => shared[name]
  );
  return module.exports.default;
}

it('adds a renderer, an action with its command, and hears of runs', async () => {
  const app: any = new (class extends (Object as any) {})();
  const { CommandRegistry } = await import('@lumino/commands');
  const { ServiceManagerMock } = await import('@jupyterlab/services/lib/testutils');
  app.commands = new CommandRegistry();
  app.serviceManager = new ServiceManagerMock();
  const plugins = new PluginRegistry();
  plugins.application = app as JupyterFrontEnd;
  const mine = ours.default.filter(({ id }) => /:(core|runs|renderers|failure-actions)$/.test(id));
  expect(mine.length).toBe(4);
  plugins.registerPlugins([...mine, load(blocks('ts')[0])]);
  await plugins.activatePlugin('raw-files:plugin');

  const { renderers, failureActions } = await plugins.resolveRequiredService(ICore);
  const file = { rel: 'a/b.raw', mime: 'application/octet-stream' } as IDatumFile;
  const renderer = renderers.find({ ...file, bytes: async () => Uint8Array.of(1, 255).buffer });
  const node = document.createElement('div');
  await renderer!.render({ ...file, bytes: async () => Uint8Array.of(1, 255).buffer }, node);
  expect(node.textContent).toBe('01 ff');
  const datum = { project: 'p', run: 'r', datum: 3, key: 'b.raw', group: null };
  const [action] = failureActions.of(datum);
  window.open = jest.fn();
  expect(await app.commands.execute(action.command, datum)).toBe('p/r/3');
  expect(failureActions.of({ ...datum, key: 'b.tif' })).toEqual([]);
});

it('names every plugin that there is, and commands that there are', () => {
  const named = /leave one out[\s\S]*?\.\n\n/.exec(text)![0];
  for (const { id } of ours.default) {
    expect(named).toContain(`\`${id.split(':')[1]}\``);
  }
  const ids = new Set<string>(Object.values(ours.Commands));
  for (const [, id] of text.matchAll(/execute\('(datum:[^']+)'/g)) {
    expect(ids).toContain(id);
  }
  const { main, jupyterlab } = JSON.parse(blocks('json')[0]);
  expect(main).toBe('lib/index.js');
  expect(jupyterlab.sharedPackages['jupyter-datum'].singleton).toBe(true);
});
