import { markedCells, withOptions } from '../cells';
import { asTransform, isName, nameOf, nameOfMark, suggestName } from '../marks';

describe('a cell that its metadata mark', () => {
  it('is a transform once it has a name', () => {
    expect(nameOfMark({ name: 'up', input: 'x' })).toBe('up');
    [{}, { name: '' }, { name: ' ' }, { name: 3 }, null, undefined, 'up'].forEach(mark =>
      expect(nameOfMark(mark)).toBeNull()
    );
    const cells = [{ id: '1', source: 'x = 1', code: true, mark: 'up' }];
    expect(markedCells(cells)).toEqual([{ name: 'up', id: '1', source: 'x = 1' }]);
  });

  it('gives way to a magic, be that whole or not', () => {
    expect(nameOf({ source: '%%datum a\nx', mark: 'b' })).toBe('a');
    expect(nameOf({ source: '%%datum\nx', mark: 'b' })).toBeNull();
    expect(asTransform({ source: '%%datum a\nx', mark: 'b' })).toBe('%%datum a\nx');
  });

  it('is executed with a line that stands for what they say', () => {
    const text = asTransform({ source: 'x = 1', mark: 'up' });
    expect(text).toBe('%%datum up --marked\nx = 1');
    expect(withOptions(text, { which: 'failed' })).toBe('%%datum up --marked --only failed\nx = 1');
  });
});

it('a name is a Python name', () => {
  ['a', '_b1', 'größe'].forEach(name => expect(isName(name)).toBe(true));
  ['', '1a', 'a b', 'a-b', 'a.b'].forEach(name => expect(isName(name)).toBe(false));
});

it('a name is suggested that no transform has', () => {
  expect(suggestName('text = 1\nlength = len(text)\nlength == 2', new Set())).toBe('length');
  expect(suggestName('print(1)', new Set(['transform']))).toBe('transform_2');
});
