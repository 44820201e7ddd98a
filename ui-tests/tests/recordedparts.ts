/** What a recorded run consists of besides its datums: code, failures, history. */
import type {
  IAttempt,
  ICode,
  IGroup,
  IHistory,
  IPreview,
  ISpec
} from '../../src/protocol';
import { RUN } from './replay';

/** The moment, in seconds: a Wednesday in November. */
export const NOW = 1_795_014_250;

/** The run before it. */
export const BEFORE = '6'.repeat(32);

/** The same number for the same place, between 0 and 1. */
export function chance(place: number, salt = 1): number {
  let n = Math.imul(place + 1, 2654435761) ^ Math.imul(salt, 40503);
  n = Math.imul(n ^ (n >>> 15), 2246822519);
  n = Math.imul(n ^ (n >>> 13), 3266489917);
  return ((n ^ (n >>> 16)) >>> 0) / 2 ** 32;
}

export const TIMES = { p50: 0.0061, p95: 0.014, p99: 0.3, longest: 17.2 };

export const DAYS = Array.from({ length: 14 }, (_, ago) => ({
  date: new Date((NOW - ago * 86_400) * 1000).toISOString().slice(0, 10),
  new: Math.floor(chance(ago, 9) * 40_000),
  executions: 41_000
}));

export const GROUPS: IGroup[] = [
  {
    id: 1,
    type: 'ValueError',
    message: 'bad CRC in chunk <n> of <n> (expected <hex>, found <hex>)',
    place: 'cell line 6',
    workers: ['w1', 'w2', 'w3', 'w4'],
    new_since: null
  },
  {
    id: 2,
    type: 'MemoryError',
    message: 'needs <n> MB',
    place: 'helpers.py:44',
    workers: ['w3'],
    new_since: null
  },
  {
    id: 3,
    type: 'TimeoutError',
    message: 'over 30 s',
    place: 'cell line 5',
    workers: ['w2'],
    new_since: 6
  }
].map(one => ({
  ...one,
  phase: 'run',
  datums: 0,
  first: NOW - 120,
  last: NOW - 117,
  sample: null,
  expected: null
}));

export const SOURCE = [
  '%%datum segment -i tiles -o out/segment --workers 4 --gpus auto --batch 8 --tries 2',
  'import numpy as np, helpers',
  'stack = np.stack([',
  '    helpers.decode(d.path, 1, 2, 3) for d in datums])',
  'masks = model.predict(stack) > THRESHOLD',
  'for d, mask in zip(datums, masks):',
  '    save(mask, d.out_file(".png"))  # one mask a tile',
  '    print(f"{d.name}: {mask.sum():>7,} of {2**20}", None, True)'
];

export const ATTEMPT: IAttempt = {
  run: RUN,
  attempt: 1,
  state: 'failed',
  worker: 'w2',
  began: NOW - 120,
  seconds: 0.0031,
  message: 'bad CRC in chunk 7 of 12 (expected 9f31c2aa, found 00000000)',
  traceback:
    'Traceback (most recent call last):\n  Cell In[5], line 4\n    helpers.decode(d.path, 1, 2, 3)\n' +
    'ValueError: bad CRC in chunk 7 of 12 (expected 9f31c2aa, found 00000000)\n',
  phase: 'run',
  place: 'cell line 4',
  log: 164,
  group: 1,
  partial: ['mask.png']
};

export const CODE: ICode = {
  notebook: 'segment.ipynb',
  source: SOURCE.join('\n'),
  fingerprint: '4fe1a07c91d34fe1',
  parts: { cell: '4fe1a07c', 'helpers.decode': '2b90c31f', THRESHOLD: '77e0aa12' },
  values: { THRESHOLD: '0.75' },
  python: '3.12.4',
  packages: { numpy: '2.1.0', rasterio: '1.4.3' },
  blocks: [
    {
      error: 'ValueError: bad CRC in chunk 7 of 12 (expected 9f31c2aa, found 00000000)',
      frames: [
        {
          where: 'cell',
          name: 'segment.ipynb',
          package: null,
          path: 'segment.ipynb',
          line: 4,
          function: null,
          first: 2,
          lines: SOURCE.slice(1, 6),
          edited: false,
          skipped: 0
        },
        {
          where: 'file',
          name: 'helpers.py',
          package: null,
          path: 'helpers.py',
          line: 42,
          function: 'decode',
          first: 41,
          lines: [
            '        if crc(c) != c.crc:',
            '            raise ValueError(f"bad CRC in chunk {i} of {n} (expected {c.crc}, found {crc(c)})")'
          ],
          edited: false,
          skipped: 0
        }
      ]
    }
  ]
};

export const HISTORY: IHistory = {
  versions: [
    { number: 7, code: 3, state: 'failed' as const, changed: ['code'], parts: ['helpers.decode'] },
    { number: 6, code: 2, state: 'success' as const, changed: ['code'], parts: ['THRESHOLD'] },
    { number: 4, code: 1, state: 'failed' as const, changed: [] }
  ].map(one => ({
    ...one,
    run: RUN,
    at: NOW - 120 - 86_400 * (7 - one.number),
    seconds: 0.0084,
    attempt: 1,
    input: '7f79a4d3'
  })),
  codes: { '1': SOURCE.join('\n'), '2': SOURCE.join('\n'), '3': SOURCE.join('\n') },
  marks: { '1': '91d3', '2': 'a07c', '3': '4fe1' },
  parts: { '2': ['cell', 'helpers.decode'], '3': ['cell', 'helpers.decode'] },
  differs: ['the cell', 'helpers.decode'],
  diff: [
    '--- version 2',
    '+++ version 3',
    '@@ -3,4 +3,4 @@',
    ' stack = np.stack([',
    '-    helpers.decode(d.path, 1, 2) for d in datums])',
    '+    helpers.decode(d.path, 1, 2, 3) for d in datums])',
    ' masks = model.predict(stack) > THRESHOLD',
    ' for d, mask in zip(datums, masks):',
    ''
  ].join('\n')
};

export const LOG = {
  text:
    'open shard-0417/0071.tif (214 KB)\n3 bands, 256 x 256, uint16, deflate\n' +
    '\x1b[31mTIFFReadEncodedStrip: CRC error at strip 7\x1b[0m\nchunk 7: 00000000, want 9f31c2aa\n',
  size: 164,
  cut: false
};

export const SPEC: ISpec = {
  run: RUN,
  id: 7,
  name: 'segment',
  source: SOURCE.join('\n'),
  version: 3,
  notebook: 'segment.ipynb',
  cell_id: 'cell-1',
  input: 'tiles',
  out: 'out/segment',
  options: { workers: 4, gpus: 'auto', batch: 8, tries: 2, on_error: 'continue' },
  parts: [
    { name: 'helpers.decode', digest: '2b90c31f77aa' },
    { name: 'THRESHOLD', digest: '77e0aa12bb04' },
    { name: 'model', digest: 'b381c0d14e22' }
  ],
  depends: ['unet.pt'],
  untracked: ['rng'],
  variables: ['CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS'],
  warnings: [],
  notes: ['the first datum was tried before the others: 8.9 ms'],
  python: '3.12.4',
  packages: { numpy: '2.1.0', rasterio: '1.4.3', torch: '2.5.1', pillow: '11.0.0' },
  engine: 'joblib',
  devices: '4 CPUs, 1 GPU',
  origin: 'kernel',
  user: 'ada',
  requested: NOW - 250,
  started: NOW - 249,
  ended: null
};

/** A picture of 8 × 8, or what is kept of a failed output. */
export function preview(side: string): IPreview {
  return {
    kind: 'image',
    why: null,
    mime: 'image/png',
    size: side === 'input' ? 219_136 : 11_264,
    modified: NOW - 900_000,
    changed: false,
    digest: 'b35e109c4f77a2',
    pixels: [256, 256],
    data: PNG,
    columns: null,
    rows: null,
    text: null,
    more: false
  };
}

/** A tile with a bad stripe. */
export const PNG = [
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAABk0lEQVR42u2awRGCMBBFtxwOlsDZs5V4tgjPFmERni',
  '3CYsTBUQxJ2GT3L0Z3Zr2AJO+RIAE/bfe9Yh1Ou2ldzodp9fujsIIGh6KG6LECBvRAARt6lIAZ/Vxg6I506QMBKL2C',
  'QJ7e4PQ/BIaPCvoq9E+Bsb6ZPhCY9ktzlCLuKD309AddUwaLX6tMHjUB6OnP0w/zgtTpcffd6FSn6L5vEODQvwWqNU',
  'ACTPpQoFQjSi934NPHBVQcbOiTAnyHzCBUaCwyFAgYO3B6j95eKXpwxTWd10iZ8LtOrQ/UBDgOzOLT5wR07wwSemsB',
  'iUkpfVJAZYVXqpFqYWUBjkn+wGKBirbqZDjfXHy6IpVxrDZRFpCg4zREAoovLOACWugIjWUBBL2NA0HpDa4HgtIjfp',
  'fCJzIoPUjg46EeSr8oIF8IryYgXCCFAiB65otUiQk1QZ/RoK7bjHXrr2O1tYUa5X5t8RHwEfj7EfCshGclPCvhWYlf',
  'zUpA/6z/xayE8PWbZyU8K+FZCc9KeFbCsxKelfCsRINZiTuTiAsgbJK+PAAAAABJRU5ErkJggg==',
].join('');
