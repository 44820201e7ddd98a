/** A notebook from a drive of which the server's files know nothing, as one of these files. */
import type { Contents } from '@jupyterlab/services';

/** What is needed of JupyterLab's files. */
export type IFiles = Pick<Contents.IManager, 'get' | 'save' | 'newUntitled' | 'rename' | 'delete'>;

/** Names that are tried; where all are taken the copy keeps the one it was made under. */
const TRIES = 100;

/**
 * Save a notebook as it stands in the page among the server's files, and say where: in the nearest
 * folder of its path that the server has (there its kernel stands, so that inputs mean the same), and
 * never over another file. Where the server refuses, nothing is left of it.
 */
export async function bring(files: IFiles, localPath: string, content: unknown): Promise<string> {
  const parts = localPath.split('/').filter(Boolean);
  const name = parts.pop() ?? '';
  while (parts.length && !(await there(files, parts.join('/')))) {
    parts.pop();
  }
  const { path } = await files.newUntitled({ path: parts.join('/'), type: 'notebook' });
  try {
    await files.save(path, { type: 'notebook', format: 'json', content });
    return await named(files, path, parts.map(part => `${part}/`).join(''), name);
  } catch (reason) {
    await files.delete(path).catch(() => undefined); // what went wrong first is told
    throw reason;
  }
}

/** Give a file its name, or the next that is free. */
async function named(files: IFiles, path: string, folder: string, name: string): Promise<string> {
  const [, stem, ending] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? ['', name, ''];
  for (let n = 0; n < TRIES; n++) {
    try {
      // The server renames to no name that is taken: nobody's file is lost between two requests.
      const free = `${folder}${stem}${n ? `-${n}` : ''}${ending ?? ''}`;
      return (await files.rename(path, free)).path;
    } catch (reason) {
      if (statusOf(reason) !== 409) {
        throw reason;
      }
    }
  }
  return path;
}

/** Whether the server has a folder; what it does not tell is no leave to write. */
async function there(files: IFiles, path: string): Promise<boolean> {
  try {
    return (await files.get(path, { content: false })).type === 'directory';
  } catch (reason) {
    if (statusOf(reason) === 404) {
      return false;
    }
    throw reason;
  }
}

const statusOf = (reason: unknown): number | undefined =>
  (reason as { response?: Response }).response?.status;
