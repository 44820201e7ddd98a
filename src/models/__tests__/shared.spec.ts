/** Settings that stand in the user's file on the server: shown as they are there, written there. */
import { Signal } from '@lumino/signaling';

import { RefusedError } from '../../requests';
import { SharedSettings } from '../shared';

type Values = Record<string, any>;

/** JupyterLab's settings of our plugin: text but for three. */
class Mine {
  constructor(public user: Values) {}
  readonly changed = new Signal<this, void>(this);
  default(key: string): unknown {
    if (key === 'historyRuns' || key === 'idle') {
      return key === 'idle' ? '10min' : 20;
    }
    return ['engine', 'idle', 'keepSize', 'cacheSize'].includes(key) ? '' : 0;
  }
  async set(key: string, value: string | number): Promise<void> {
    this.user = { ...this.user, [key]: value };
    this.changed.emit();
  }
  async remove(key: string): Promise<void> {
    this.user = { ...this.user };
    delete this.user[key];
    this.changed.emit();
  }
}

/** The server's half: refuses what `wrong` says. */
class File {
  readonly asked: Values[] = [];
  mistake: string | null = null;
  wrong: string | null = null;
  constructor(public said: Values) {}
  async userSettings() {
    return { file: '/f', said: this.said, mistake: this.mistake };
  }
  async setUserSettings(values: Values) {
    this.asked.push(values);
    if (this.wrong) {
      throw new RefusedError(409, 'refused', this.wrong);
    }
    const all = Object.entries({ ...this.said, ...values });
    this.said = Object.fromEntries(all.filter(([, value]) => value !== null));
    return this.userSettings();
  }
}

async function begun(file: File, user: Values) {
  const mine = new Mine(user);
  const told: string[] = [];
  const shared = new SharedSettings(file, mine, sentence => told.push(sentence));
  await shared.begin();
  return { mine, told, shared };
}

it('shows what the file says, and no more; nothing is written by that', async () => {
  const file = new File({ idle: 30, workers: 2, keepSize: 0 });
  const { mine, told } = await begun(file, { historyRuns: 9, idle: '5min', rate: 8, engine: '' });
  expect(mine.user).toEqual({ idle: '30', workers: 2, keepSize: '0', rate: 8, engine: '' });
  expect([file.asked, told]).toEqual([[], []]);
});

it('writes what is changed, and takes out what is empty', async () => {
  const file = new File({ idle: '30s', workers: 2 });
  const { mine, shared } = await begun(file, {});
  await mine.set('idle', '2h');
  await mine.set('rate', 9);
  await shared.written;
  await mine.set('workers', 0);
  await mine.remove('idle');
  await shared.written;
  const gone = Object.assign({}, ...file.asked.slice(1));
  expect([file.asked[0], gone]).toEqual([{ idle: '2h' }, { idle: null, workers: null }]);
  expect(file.said).toEqual({});
});

it('defaults that an editor writes out stay out of the file', async () => {
  const file = new File({ historyRuns: 5 });
  const { mine, shared } = await begun(file, {});
  await mine.set('idle', '10min');
  await mine.set('historyRuns', 20);
  await shared.written;
  expect(file.asked).toEqual([{ historyRuns: 20 }]);
});

it('a value that is refused is told, and shown as it still is', async () => {
  const file = new File({ idle: '30s' });
  const { mine, told, shared } = await begun(file, {});
  file.wrong = 'idle is a time as 30s';
  await mine.set('idle', 'soon');
  await shared.written;
  expect([mine.user, told]).toEqual([{ idle: '30s' }, ['idle is a time as 30s']]);
  await shared.written;
  expect(file.asked.length).toBe(1);
});

it('a file that cannot be read is told; an older server has none', async () => {
  const file = new File({});
  file.mistake = 'the settings cannot be read';
  expect((await begun(file, {})).told).toEqual(['the settings cannot be read']);
  file.userSettings = async () => {
    throw new RefusedError(404, 'not-found', 'there is no such thing here');
  };
  const { mine, told } = await begun(file, { idle: '1h' });
  await mine.set('idle', '2h');
  expect([mine.user, told, file.asked]).toEqual([{ idle: '2h' }, [], []]);
});
