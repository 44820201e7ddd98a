/** What other extensions add is found by kind and in order, and goes when it is disposed. */
import type { IDatumFile, IFailedDatum } from '../../tokens';
import { DatumRenderers, FailureActions } from '../extensions';

const file = (rel: string, mime = 'application/octet-stream'): IDatumFile => ({
  ...{ project: 'p', run: 'r', datum: 1, side: 'input', name: '', rel, mime, size: 3, path: null },
  bytes: async () => new ArrayBuffer(3)
});
const render = async () => undefined;

it('finds a renderer by MIME type or by the end of the name, smaller ranks first', () => {
  const renderers = new DatumRenderers();
  let changes = 0;
  renderers.changed.connect(() => changes++);
  const tif = { extensions: ['.tif', '.TIFF'], render };
  const image = { mimeTypes: ['image/tiff'], rank: 10, render };
  const mine = renderers.add(tif);
  renderers.add(image);
  expect(renderers.find(file('a/B.TIFF'))).toBe(tif);
  expect(renderers.find(file('a/b.tif', 'image/tiff'))).toBe(image);
  expect(renderers.find(file('tif'))).toBeNull();
  mine.dispose();
  expect(renderers.find(file('b.tif'))).toBeNull();
  expect(changes).toBe(3);
});

it('offers actions in the order of their ranks, and only where they are to be seen', () => {
  const actions = new FailureActions();
  const datum: IFailedDatum = { project: 'p', run: 'r', datum: 1, key: 'a.tif', group: 7 };
  actions.add({ command: 'x:late', rank: 200 });
  actions.add({ command: 'x:tif', isVisible: ({ key }) => key?.endsWith('.tif') ?? false });
  const first = actions.add({ command: 'x:first', rank: 1 });
  const ids = (of: IFailedDatum) => actions.of(of).map(({ command }) => command);
  expect(ids(datum)).toEqual(['x:first', 'x:tif', 'x:late']);
  expect(ids({ ...datum, key: null })).toEqual(['x:first', 'x:late']);
  first.dispose();
  expect(ids(datum)).toEqual(['x:tif', 'x:late']);
});
