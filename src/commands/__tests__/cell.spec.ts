/** Which failed datum is meant where none is named. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { Page } from '../../__tests__/page';
import { PROJECT, RUN } from '../../__tests__/world';
import { Commands } from '../../tokens';
import type { ILooked } from '../../views';
import { addCell } from '../cell';

describe('a failed datum in a notebook', () => {
  let page: Page;
  let commands: CommandRegistry;
  let looked: ILooked | null;
  let opened: unknown[][];
  const shown: string[] = [];

  beforeEach(() => {
    page = new Page();
    commands = new CommandRegistry();
    looked = null;
    opened = [];
    const replays: any = {
      firstFailed: async (_: string, run: string) => (run === RUN ? 3 : 4),
      open: async (...args: unknown[]) => void opened.push(args)
    };
    const marker = () => (name: string) => ({ name });
    const cell: any = { name: null, hasKernel: false, cells: [], canBeMarked: true, marker };
    const app = { commands, shell: { activateById: (id: string) => shown.push(id) } };
    const options: any = { app, palette: null, trans: nullTranslator.load('x') };
    shown.length = 0;
    addCell({
      ...options,
      panel: page.panel,
      cell,
      looked: () => looked,
      replays: async () => replays
    });
  });
  afterEach(() => page.dispose());

  it('can be of a cell that is marked: its form is shown, wherever the front end has it', async () => {
    const mark = () => commands.execute(Commands.markCell, { name: 'thumbs' });
    expect(await mark()).toEqual({ name: 'thumbs' });
    expect(shown).toEqual(['notebook-tools']);
    commands.addCommand('property-inspector:show-panel', {
      execute: () => void shown.push('inspector')
    });
    await mark();
    expect(shown).toEqual(['notebook-tools', 'inspector']);
  });

  it('is the one that is looked at, before the first one of a run', async () => {
    expect(commands.isEnabled(Commands.openInNotebook)).toBe(false);
    await page.withRun(Uint8Array.of(2, 3), { status: 'failed', failed: 1, ended: 9 });
    await commands.execute(Commands.openInNotebook);
    looked = { project: PROJECT, run: 'another', datum: null };
    await commands.execute(Commands.openInNotebook);
    looked = { project: PROJECT, run: 'another', datum: 13 };
    await commands.execute(Commands.openInNotebook);
    await commands.execute(Commands.openInNotebook, { project: PROJECT, run: RUN, datum: 8 });
    expect(opened).toEqual([3, 4, 13, 8].map(datum => [PROJECT, datum, true]));
  });
});
