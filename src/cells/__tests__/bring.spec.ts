/** A notebook of another drive is saved among the server's files. */
import { bring } from '../bring';

function server(has: string[], status = 404) {
  const saved: [string, any][] = [];
  return {
    saved,
    get: async (path: string) => {
      if (!has.includes(path)) {
        throw Object.assign(new Error('no such file'), { response: { status } });
      }
      return { path } as any;
    },
    save: async (path: string, what: any) => void saved.push([path, what]) as any
  };
}

describe('a notebook from a drive that the server does not have', () => {
  const content = { cells: [], nbformat: 4 };

  it('is saved in the folder of the same name, where its kernel stands', async () => {
    const files = server(['one', 'one/two']);
    expect(await bring(files, 'one/two/three/work.ipynb', content)).toBe('one/two/work.ipynb');
    const model = { type: 'notebook', format: 'json', content };
    expect(files.saved).toEqual([['one/two/work.ipynb', model]]);
    expect(await bring(server([]), 'one/work.ipynb', content)).toBe('work.ipynb');
  });

  it('takes the place of no other file', async () => {
    const has = ['one', 'one/work.ipynb', 'one/work-1.ipynb', 'v1.2'];
    expect(await bring(server(has), 'one/work.ipynb', content)).toBe('one/work-2.ipynb');
    expect(await bring(server(has), 'v1.2', content)).toBe('v1-1.2');
  });

  it('is not written where the server does not say what is there', async () => {
    const files = server([], 500);
    await expect(bring(files, 'work.ipynb', content)).rejects.toThrow('no such file');
    expect(files.saved).toEqual([]);
  });
});
