/**
 * A run with all that makes a view hard to draw: names of every kind, two hundred kinds of
 * failures, twelve transforms with a diamond, chains that are cut, outputs of every renderer.
 */
import type {
  IDatumDetail,
  IGraph,
  IGraphTransform,
  IGroup,
  INode,
  IOutput,
  ISome
} from '../../src/protocol';
import { Recorded } from './recorded';
import { ATTEMPT, GROUPS, NOW, PNG } from './recordedparts';
import { RUN } from './replay';

/** As they come out of the ledger: what is no text there is written as the server writes it. */
export const HOSTILE = [
  '<img src=x onerror=alert(1)>.tif',
  'a\u202egpj.exe.tif',
  'b\nc\td.tif',
  '$(id)`id`"\'&amp;.tif',
  `${'wü'.repeat(83)}ww.tif`,
  'n\\xff\\xfe.tif',
  '\u05d0\u05d1\u05d2/\u05d3.tif',
  '‮⁦👩‍👩‍👧‍👦 ‏.tif',
  ' ',
  '-rf'
];

const KINDS = 200;
const TEXT = 'a line of the log that a cell has printed, without an end in sight\n';
const ANSI = [
  '\u001b[0;31m---------------------------------------------------------------------------\u001b[0m',
  '\u001b[0;31mValueError\u001b[0m                                Traceback (most recent call last)',
  'Cell \u001b[0;32mIn[5], line 4\u001b[0m\n\u001b[0;32m----> 4\u001b[0m     helpers.decode(d.path, 1, 2, 3)',
  '\u001b[2J\u001b]0;title\u0007<script>alert(5)</script>\u202e'
].join('\n');

const FIGURE = { data: [{ type: 'bar', x: ['a', 'b'], y: [1, 2] }], layout: { title: 'one' } };
const CHART = { $schema: 'https://vega.github.io/schema/vega-lite/v5.json', mark: 'bar' };
const TABLE =
  '<table border="1" class="dataframe"><thead><tr><th></th><th>band</th><th>mean</th></tr></thead>' +
  '<tbody><tr><th>0</th><td>red</td><td>0.417</td></tr><tr><th>1</th><td>green</td><td>0.512</td>' +
  '</tr></tbody></table>';

/** One of every kind that a cell displays. */
const SHOWN: IOutput[] = [
  { 'image/png': PNG, 'text/plain': '<Image 64 x 64>' },
  {
    'text/html': '<p>HTML with <b>bold</b><script>alert(6)</script><img src=x onerror=alert(7)></p>',
    'text/plain': 'HTML'
  },
  { 'text/html': TABLE, 'text/plain': '    band   mean\n0    red  0.417' },
  { 'application/vnd.plotly.v1+json': FIGURE, 'text/plain': 'Figure({\n    data: [bar]\n})' },
  { 'application/vnd.vegalite.v5+json': CHART, 'text/plain': '<VegaLite 5 object>' },
  { 'application/json': { score: 0.934, bands: ['red', 'green'] }, 'text/plain': '{...}' },
  { 'text/latex': '$\\sum_{i} x_i^2$', 'text/plain': 'sum of squares' },
  { 'text/markdown': '**Masks**: 12 of *40*', 'text/plain': 'Masks' },
  { 'text/plain': ANSI },
  { 'text/plain': TEXT.repeat(Math.floor(2 ** 20 / TEXT.length)) }
].map(data => ({ output_type: 'display_data' as const, data }));

export class Hard extends Recorded {
  constructor() {
    super(10_000);
  }

  override key(place: number): string {
    const name = HOSTILE[place % HOSTILE.length];
    return place < 5 * HOSTILE.length || this.fails(place) ? name : super.key(place);
  }

  protected override fails(place: number): boolean {
    return place < this.total / 2 && place % 11 === 7;
  }

  protected override groupOf(place: number): number {
    // The first has half of them, others some, many one.
    const n = Math.floor(place / 11);
    return n % 2 ? 1 : 2 + (n % KINDS);
  }

  protected override get kinds(): readonly IGroup[] {
    const types = ['ValueError', 'rasterio.errors.RasterioIOError', 'KeyError', 'MemoryError'];
    return Array.from({ length: KINDS + 2 }, (_, at) => ({
      ...GROUPS[at % GROUPS.length],
      id: at + 1,
      type: types[at % types.length],
      message: at % 3 ? `kind ${at} of ${HOSTILE[at % HOSTILE.length]}` : GROUPS[0].message,
      new_since: at % 9 ? null : 6
    }));
  }

  protected override answer(path: string, query: URLSearchParams): object | Buffer | undefined {
    const id = Number(/datums\/(\d+)/.exec(path)?.[1] ?? 0);
    if (path.endsWith('/graph')) {
      return GRAPH;
    }
    if (path.endsWith('/display')) {
      return { outputs: SHOWN };
    }
    if (path.endsWith('/lineage')) {
      const made = chain(id, 6);
      return { made: { ...made, key: this.key(id - 1) } };
    }
    return super.answer(path, query);
  }

  protected override detail(place: number): IDatumDetail {
    const detail = super.detail(place);
    const attempts = detail.attempts.map(one => ({
      ...one,
      message: one.message && `${ATTEMPT.message} in ${this.key(place)} <script>alert(8)</script>`,
      traceback: one.traceback && `${ATTEMPT.traceback}${ANSI}`
    }));
    return { ...detail, attempts };
  }
}

/** A datum with what it was made from, so deep; many on every level, of which a few are told. */
function chain(id: number, deep: number): INode {
  const some = <T>(first: T[], count = first.length): ISome<T> => ({
    count,
    capped: count > 1000,
    first
  });
  const name = HOSTILE[(id + deep) % HOSTILE.length];
  const file = (rel: string) => ({ path: rel, rel, size: 219_136, content: 'b31c', now: 'unchanged' });
  const above = deep ? [0, 1].map(n => chain(10 * id + n + 1, n ? 0 : deep - 1)) : [];
  return {
    id,
    transform: `step ${deep}`,
    key: name,
    state: deep === 3 ? 'failed' : 'success',
    attempt: 1,
    began: NOW - 4000,
    seconds: 0.0081,
    run: RUN,
    version: 3,
    current: deep !== 2,
    gone: deep === 1,
    inputs: some([file(`in/${name}`)], deep ? 4082 : 1),
    outputs: some([file(`out/step ${deep}/${name}`)]),
    up: some(above, deep ? 1001 : 0),
    down: some([])
  };
}

/** Twelve transforms: two diamonds, a long way round, one that stands alone. */
const GRAPH: IGraph = (() => {
  const names = [
    'scenes', 'tiles', 'segment', 'clouds', 'merge', HOSTILE[0], 'w'.repeat(120),
    'left', 'right', 'join', 'report', 'alone'
  ];
  const edges = [
    [0, 1], [1, 2], [1, 3], [2, 4], [3, 4], [4, 5], [5, 6], [4, 7], [4, 8], [7, 9], [8, 9],
    [9, 10], [1, 10], [6, 10]
  ];
  const transforms = names.map((name, at): IGraphTransform => ({
    name,
    run: at === 2 ? RUN : at === 11 ? null : String(at % 10).repeat(32),
    status: at === 11 ? null : at % 4 === 3 ? 'failed' : 'success',
    engine: at % 2 ? 'joblib' : 'dask',
    counts:
      at === 11
        ? {}
        : { running: 0, failed: at % 4 === 3 ? 14 : 0, success: 9986, skipped: 0, total: 10_000 },
    sources: at ? [] : [{ input: 'scenes/*.tif', name: HOSTILE[4], path: null, files: 245 }],
    declared: at === 2 ? [{ name: 'unet.pt', path: 'unet.pt' }] : [],
    out: { name: `out/${name}/`, path: null }
  }));
  return {
    transforms,
    edges: edges.map(([from, to]) => ({ from: names[from], to: names[to], input: '' }))
  };
})();
