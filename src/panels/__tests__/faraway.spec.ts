/** Notebooks on drives that are not the server's: what is known of them, and how they come here. */
import { Notebook, Page } from '../../__tests__/page';
import { RefusedError } from '../../requests';
import { SavedCells } from '../../saved';
import { Commands } from '../../tokens';

describe('a notebook on another drive', () => {
  let page: Page;
  let notebook: Notebook;
  const asked: (string | null)[] = [];

  beforeEach(() => {
    page = new Page();
    notebook = new Notebook();
    notebook.far = true;
    notebook.path = 'far:work/readings.ipynb';
    asked.length = 0;
  });
  afterEach(() => page.panel.dispose());

  it('is not asked about while it has no kernel, and can be copied', async () => {
    notebook.kernel = null;
    page.context = null; // to read it would be an error
    page.panel.setNotebook(notebook);
    await page.says('on a drive of which the server has no files');
    expect(page.panel.context?.state).toBe('no-files');
    (await page.find(/^Copy it to the server$/)).click();
    expect(page.executed.pop()![0]).toBe(Commands.bring);
  });

  it('has the runs of its kernel once that has run a transform', async () => {
    const known = { ...page.context, kernel: { python: '3', version: '1', protocol: 1 } };
    Object.defineProperty(page, 'context', {
      get() {
        if (!asked.push('context') || asked.length < 2) {
          throw new RefusedError(404, 'not-found', 'there is no file here');
        }
        return known;
      }
    });
    page.panel.setNotebook(notebook);
    await page.says('on a drive of which the server has no files');
    await page.panel.refresh();
    expect([page.panel.context?.state, page.panel.project]).toEqual(['ok', known.project]);
  });

  it('is not taken for a file of the server that has its path', async () => {
    page.panel.setNotebook(notebook); // the context is that of a file: its kernel has said nothing
    await page.says('on a drive of which the server has no files');
    expect(page.panel.project).toBeNull();
  });

  it('is told as the reason, with what helps, where the server would have to read it', async () => {
    const cells = new SavedCells({} as any, page.panel);
    const refused: any = await cells.run(notebook as any, 'means', {}).catch(reason => reason);
    expect([refused.message, refused.remedy.command]).toEqual([
      expect.stringContaining('it lies on another drive'),
      Commands.bring
    ]);
  });
});
