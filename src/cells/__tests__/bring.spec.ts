/** A notebook of another drive is saved among the server's files. */
import { bring } from '../bring';
import type { IFiles } from '../bring';

/** A server with folders and files, which refuses as Jupyter's does. */
class Files {
  constructor(
    folders: string[],
    readonly files: Record<string, unknown> = {},
    refuses: Partial<Record<'get' | 'save' | 'rename', number>> = {}
  ) {
    const refuse = (status: number | undefined) => {
      if (status) {
        throw Object.assign(new Error(`refused with ${status}`), { response: { status } });
      }
    };
    const at = (path: string) => (path ? `${path}/` : '') + 'Untitled.ipynb';
    const api: Record<keyof IFiles, (...args: any[]) => Promise<any>> = {
      get: async path => {
        refuse(refuses.get ?? (folders.includes(path) || path in files ? 0 : 404));
        return { path, type: folders.includes(path) ? 'directory' : 'notebook' };
      },
      newUntitled: async ({ path }) => ({ path: at(path) }),
      save: async (path, { type, format, content }) => {
        refuse(refuses.save);
        files[path] = [type, format, content];
      },
      rename: async (from, to) => {
        refuse(refuses.rename ?? (to in files ? 409 : 0));
        files[to] = files[from];
        delete files[from];
        return { path: to };
      },
      delete: async path => void delete files[path]
    };
    this.api = api as unknown as IFiles;
  }

  readonly api: IFiles;
}

describe('a notebook from a drive that the server does not have', () => {
  const content = { cells: [], nbformat: 4 };

  it('is saved in the folder of the same name, where its kernel stands', async () => {
    const two = new Files(['one', 'one/two']);
    expect(await bring(two.api, 'one/two/three/work.ipynb', content)).toBe('one/two/work.ipynb');
    expect(two.files).toEqual({ 'one/two/work.ipynb': ['notebook', 'json', content] });
    expect(await bring(new Files([]).api, 'one/work.ipynb', content)).toBe('work.ipynb');
    const file = new Files([], { one: 'a file' });
    expect(await bring(file.api, 'one/work.ipynb', content)).toBe('work.ipynb');
  });

  it('takes the place of no other file', async () => {
    const has = { 'one/a.b.ipynb': 'mine', 'one/a.b-1.ipynb': 'mine too', 'v1.2': 'mine' };
    const one = new Files(['one'], { ...has });
    expect(await bring(one.api, 'one/a.b.ipynb', content)).toBe('one/a.b-2.ipynb');
    expect(await bring(one.api, 'v1.2', content)).toBe('v1-1.2');
    expect(one.files).toMatchObject(has);
  });

  it.each([
    ['get', 500],
    ['save', 413],
    ['rename', 403]
  ] as const)('leaves nothing where the server refuses to %s', async (what, status) => {
    const files = new Files(['one'], {}, { [what]: status });
    await expect(bring(files.api, 'one/work.ipynb', content)).rejects.toThrow(`${status}`);
    expect(files.files).toEqual({});
  });
});
