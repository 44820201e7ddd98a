import {
  isPlain,
  markedCells,
  onlyFailed,
  onlyOf,
  sameSource,
  transformName,
  withOptions
} from '../cells';

const CELL = '%%datum thumbs -i "images/*.jpg" -o thumbs\nimage = load(datum.path)\nimage.size';

describe('transformName', () => {
  it.each([
    [CELL, 'thumbs'],
    ['\n\n%%datum a\nx', 'a'],
    ['%%datum -i x', null],
    ['%%datum_setup thumbs\nx', null],
    ['%datum thumbs', null],
    ['# %%datum thumbs', null],
    ['x = 1\n%%datum thumbs', null]
  ])('%j', (source, name) => expect(transformName(source)).toBe(name));
});

describe('markedCells', () => {
  it('takes code cells only, and the last of two with one name', () => {
    const cells = [
      { id: '1', source: CELL, code: true },
      { id: '2', source: CELL, code: false },
      { id: '3', source: 'x = 1', code: true },
      { id: '4', source: CELL, code: true }
    ];
    expect(markedCells(cells)).toEqual([{ name: 'thumbs', id: '4', source: CELL }]);
  });
});

describe('sameSource', () => {
  it('leaves out what is of one run, and blanks at ends of lines', () => {
    const again = CELL.replace('-o thumbs', '-o thumbs --only failed --force --sample=3') + '  \n';
    expect(sameSource(CELL, again)).toBe(true);
    expect(sameSource(CELL, CELL.replace(/\n/g, '\r\n'))).toBe(true);
  });

  it('sees an edit in the line or in the body', () => {
    expect(sameSource(CELL, CELL.replace('size', 'mode'))).toBe(false);
    expect(sameSource(CELL, CELL.replace('-o thumbs', '-o other'))).toBe(false);
    expect(sameSource(CELL, CELL.replace('image.size', '  image.size'))).toBe(false);
  });
});

describe('onlyFailed', () => {
  it('adds the flag to the line and changes nothing else', () => {
    expect(onlyFailed(CELL)).toBe(CELL.replace('-o thumbs', '-o thumbs --only failed'));
    expect(onlyFailed('%%datum a -i x')).toBe('%%datum a -i x --only failed');
  });

  it('takes the place of another choice', () => {
    expect(onlyFailed('%%datum a --only new -i x\ny')).toBe('%%datum a -i x --only failed\ny');
    expect(onlyFailed('%%datum a --force -i x\ny')).toBe('%%datum a -i x --only failed\ny');
  });

  it('is null for a cell without our magic', () => {
    expect(onlyFailed('x = 1')).toBeNull();
  });
});

describe('withOptions', () => {
  it('puts the options of one execution in place of those of the line', () => {
    const cell = '%%datum a --engine joblib -i x --workers=2 --only new\ny';
    expect(withOptions(cell, { which: 'all', engine: 'dask', workers: 8 })).toBe(
      '%%datum a -i x --force --engine dask --workers 8\ny'
    );
    expect(withOptions(cell, { workers: 8 })).toBe('%%datum a --engine joblib -i x --workers 8\ny');
  });

  it('writes every option as the command line has it', () => {
    const cell = '%%datum a -i x --workers 2..4 --on-error stop\ny';
    const once = {
      which: 'stale,new',
      engine: 'tcp://host:8786',
      workers: 16,
      least: 2,
      gpus: '0.5',
      batch: 64,
      onError: 'stop:5%',
      tries: 2,
      timeout: '30s',
      sample: 20
    };
    expect(withOptions(cell, once)).toBe(
      '%%datum a -i x --only new,stale --engine tcp://host:8786 --workers 2..16 --gpus 0.5' +
        ' --batch 64 --on-error stop:5% --tries 2 --timeout 30s --sample 20\ny'
    );
    expect(isPlain({ which: 'new,failed,stale' })).toBe(true);
    expect(isPlain({ sample: 20 })).toBe(false);
    expect(() => onlyOf('old')).toThrow('not old');
    expect(onlyOf('missing,failed')).toEqual(['failed', 'missing']);
    expect(onlyOf('added, changed,missing')).toEqual(['new']);
    expect(onlyOf('new,added,stale')).toEqual(['new', 'stale']);
    expect(onlyOf('added,changed,missing,failed,stale')).toBeNull();
  });

  it('is null for a cell without our magic', () => {
    expect(withOptions('x = 1', { which: 'all' })).toBeNull();
  });
});
