/** Where files and datums come from, and what was made of them. */
import { LOCAL_DRIVES } from '../models/notebook';
import type { Requests } from '../requests';
import { Commands } from '../tokens';
import type { IWhence } from '../tokens';
import { add, number, text } from './add';
import type { Args, IRegistry } from './add';

/** What these commands act on. */
export interface ILineageOptions extends IRegistry {
  requests: Pick<Requests, 'lineage' | 'whence'>;
  /** The path that is chosen in the file browser. */
  chosen: () => string | null;
}

/** A document is opened for the newest run of the transform in question. */
interface IOpened {
  project: string;
  run: string;
  datum?: number;
  file?: string;
}

export function addLineage(options: ILineageOptions): void {
  const { app, trans } = options;
  const path = { type: 'string', description: 'Contents path of a file' } as const;
  const { contents } = app.serviceManager;
  /** Whether something is named, or a file of this server is chosen in the file browser. */
  const enabled = (args: Args) => {
    const file = text(args.path) ?? options.chosen();
    return args.datum !== undefined || (!!file && LOCAL_DRIVES.has(contents.driveName(file)));
  };
  const open = async (to: IOpened): Promise<IOpened> => {
    await app.commands.execute(Commands.openRun, { ...to, tab: 'lineage' });
    return to;
  };
  add(
    options,
    Commands.showLineage,
    trans.__('Show Datum Lineage'),
    async args => open(await originOf(options, args)),
    {
      enabled,
      args: {
        path,
        project: { type: 'string', description: 'uuid of the project of `datum`' },
        datum: { type: 'number', description: 'Number of a datum, instead of a path' }
      }
    }
  );
  add(
    options,
    Commands.showUsers,
    trans.__('Show Datums That Used This File'),
    async args => open(usersOf(options, await known(options, args))),
    { enabled, args: { path } }
  );
}

/** The datum that is named, or that made the file; of a raw file, those that used it. */
async function originOf(options: ILineageOptions, args: Args): Promise<IOpened> {
  const { requests, trans } = options;
  const [project, datum] = [text(args.project), number(args.datum)];
  if (project !== undefined && datum !== undefined) {
    const node = await requests.lineage(project, datum, 0, 0);
    if (!node) {
      throw new Error(trans.__('There is no datum %1.', datum));
    }
    return { project, run: node.run, datum };
  }
  const whence = await known(options, args);
  const { made } = whence;
  return made?.run
    ? { project: whence.project!, run: made.run, datum: made.datum }
    : usersOf(options, whence);
}

function usersOf(options: ILineageOptions, whence: IWhence): IOpened {
  const [use] = whence.users;
  if (!use) {
    throw new Error(options.trans.__('No datum has used %1.', whence.path));
  }
  return { project: whence.project!, run: use.run, file: whence.path };
}

/** What the server knows of the file that is named, or chosen in the file browser. */
async function known(options: ILineageOptions, args: Args): Promise<IWhence> {
  const { app, requests, trans } = options;
  const { contents } = app.serviceManager;
  const path = text(args.path) ?? options.chosen();
  if (!path) {
    throw new Error(trans.__('Choose a file in the file browser first.'));
  }
  const drive = contents.driveName(path);
  if (!LOCAL_DRIVES.has(drive)) {
    throw new Error(
      trans.__('%1 lies on the drive %2: ledgers only know files of this server.', path, drive)
    );
  }
  const whence = await requests.whence(contents.localPath(path));
  if (!whence.project) {
    throw new Error(whence.message);
  }
  return whence;
}
