/** A notebook from a drive of which the server's files know nothing, as one of these files. */
import type { Contents } from '@jupyterlab/services';

/** What is needed of JupyterLab's files. */
export type IFiles = Pick<Contents.IManager, 'get' | 'save'>;

/**
 * Save a notebook as it stands in the page among the server's files, and say where: in the nearest
 * folder of its path that the server has (there its kernel stands, so that inputs mean the same), and
 * never over another file.
 */
export async function bring(files: IFiles, localPath: string, content: unknown): Promise<string> {
  const parts = localPath.split('/').filter(Boolean);
  const name = parts.pop() ?? '';
  while (parts.length && !(await there(files, parts.join('/')))) {
    parts.pop();
  }
  const path = await free(files, parts.map(part => `${part}/`).join(''), name);
  await files.save(path, { type: 'notebook', format: 'json', content });
  return path;
}

async function free(files: IFiles, folder: string, name: string): Promise<string> {
  const [, stem, ending] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? ['', name, ''];
  for (let n = 0; ; n++) {
    const path = `${folder}${stem}${n ? `-${n}` : ''}${ending ?? ''}`;
    if (!(await there(files, path))) {
      return path;
    }
  }
}

/** Whether the server has a file or a folder; what it does not tell is no leave to write. */
async function there(files: IFiles, path: string): Promise<boolean> {
  try {
    await files.get(path, { content: false });
    return true;
  } catch (reason) {
    if ((reason as { response?: Response }).response?.status === 404) {
      return false;
    }
    throw reason;
  }
}
