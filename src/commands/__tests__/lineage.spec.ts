/** From a path to a run document: what is asked, what is opened, what is refused. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { Commands } from '../../tokens';
import type { IWhence } from '../../tokens';
import { addLineage } from '../lineage';

const USE = { transform: 'seg', run: 'newest', count: 3, capped: false };
const MADE = { datum: 5, transform: 'tiles', key: 'a', run: 'r' };

describe('commands about files', () => {
  let commands: CommandRegistry;
  let opened: any[];
  let asked: string[];
  let chosen: string | null;
  let known: Partial<IWhence>;

  beforeEach(() => {
    commands = new CommandRegistry();
    [opened, asked, chosen, known] = [[], [], null, { project: 'p', made: MADE, users: [USE] }];
    commands.addCommand(Commands.openRun, { execute: args => void opened.push(args) });
    const contents = {
      driveName: (path: string) => (path.includes(':') ? path.split(':')[0] : ''),
      localPath: (path: string) => path.split(':').pop()!
    };
    addLineage({
      app: { commands, serviceManager: { contents } } as any,
      palette: null,
      trans: nullTranslator.load('x'),
      chosen: () => chosen,
      requests: {
        lineage: async (_, id) => (id === 5 ? ({ run: 'of 5' } as any) : null),
        whence: async path => {
          asked.push(path);
          return { path, project: null, message: 'nobody knows', made: null, users: [], ...known };
        }
      }
    });
  });

  const show = (args: object = {}) => commands.execute(Commands.showLineage, args as any);

  it('open the datum that made a file', async () => {
    const to = { project: 'p', run: 'r', datum: 5 };
    expect(await show({ path: 'out/a.png' })).toEqual(to);
    expect(opened).toEqual([{ ...to, tab: 'lineage' }]);
  });

  it('take the file that is chosen in the file browser', async () => {
    chosen = 'RTC:out/a.png';
    await show();
    expect(asked).toEqual(['out/a.png']);
    chosen = null;
    await expect(show()).rejects.toThrow('Choose a file');
  });

  it('are grey where no file of the server is chosen', () => {
    const on = (args: object = {}) =>
      [Commands.showLineage, Commands.showUsers].map(id => commands.isEnabled(id, args as any));
    expect([on(), on({ path: 'a.tif' })]).toEqual([
      [false, false],
      [true, true]
    ]);
    chosen = 's3:bucket/x';
    expect(on()).toEqual([false, false]);
    chosen = 'out/a.png';
    expect(on()).toEqual([true, true]);
    expect(commands.isEnabled(Commands.showLineage, { project: 'p', datum: 5 })).toBe(true);
  });

  it('open those that used a raw file, or a made one if one asks for that', async () => {
    known = { ...known, made: null };
    const to = { project: 'p', run: 'newest', file: 'in/a.tif' };
    expect(await show({ path: 'in/a.tif' })).toEqual(to);
    expect(await commands.execute(Commands.showUsers, { path: 'in/a.tif' })).toEqual(to);
    known = { ...known, users: [] };
    const users = commands.execute(Commands.showUsers, { path: 'x' });
    await expect(users).rejects.toThrow('No datum has used x.');
  });

  it('open a datum by its number', async () => {
    expect(await show({ project: 'p', datum: 5 })).toEqual({ project: 'p', run: 'of 5', datum: 5 });
    await expect(show({ project: 'p', datum: 6 })).rejects.toThrow('There is no datum 6.');
  });

  it('say in a sentence what cannot be shown', async () => {
    known = {};
    await expect(show({ path: 'x' })).rejects.toThrow('nobody knows');
    await expect(show({ path: 's3:bucket/x' })).rejects.toThrow('the drive s3');
    expect(opened).toEqual([]);
  });
});
