/** A chain that unfolds as somebody looks, and the history of what is chosen. */
import { settle } from '../../__tests__/world';
import type { INode } from '../../tokens';
import { LineageModel } from '../lineage';
import type { ILineageServer } from '../lineage';

function some<T>(first: T[]): { first: T[]; count: number; capped: boolean } {
  return { first, count: first.length, capped: false };
}

function node(id: number, more: Partial<INode> = {}): INode {
  const none = { inputs: some([]), outputs: some([]), up: some<INode>([]), down: some<INode>([]) };
  const plain = { id, transform: 't', key: String(id), state: 'success', run: 'r' } as const;
  return { ...plain, version: 1, current: true, gone: false, ...none, ...more };
}

class Server implements ILineageServer {
  readonly asked: string[] = [];
  readonly nodes = new Map<string, INode | Error>();

  async lineage(_: string, id: number, up = 1, down = 1): Promise<INode | null> {
    this.asked.push(`${id} up ${up} down ${down}`);
    const found = this.nodes.get(`${id}/${up}`) ?? this.nodes.get(String(id)) ?? null;
    if (found instanceof Error) {
      throw found;
    }
    return found;
  }
  async history(_: string, id: number, old?: number, last?: number): Promise<any> {
    const versions = [{ run: `of ${id}` }];
    return { versions, codes: { 1: 'a', 2: 'b' }, diff: `${old} ${last}` };
  }
  async datums(): Promise<any> {
    return { datums: [{ id: 7 }], next: null };
  }
}

describe('the lineage of a datum', () => {
  let server: Server;
  let model: LineageModel;

  beforeEach(() => {
    server = new Server();
    model = new LineageModel(server, 'p');
  });

  it('shows the first datum of a run where none is chosen', async () => {
    server.nodes.set('7', node(7));
    await model.showFirst('r');
    await settle();
    expect(model.root?.id).toBe(7);
    expect(model.history?.versions[0].run).toBe('of 7');
    await model.show(7);
    expect(server.asked).toHaveLength(1);
  });

  it('asks for what was made of a datum when that is unfolded, once', async () => {
    const [below, other] = [node(2), node(3)];
    server.nodes.set('1', node(1, { down: some([below, other]) }));
    server.nodes.set('2', node(2, { down: some([node(4)]) }));
    await model.show(1);
    const row = () => model.rows.find(one => one.node?.id === 2)!;
    await model.toggle(row());
    expect(model.rows.map(one => one.node?.id)).toEqual([1, 2, 4, 3]);
    await model.toggle(row());
    await model.toggle(row());
    expect(server.asked.filter(one => one.startsWith('2 '))).toEqual(['2 up 0 down 1']);
  });

  it('says how much is beyond where the chain is not followed', async () => {
    const cut = { first: [], count: 3, capped: false, rest: 'cut' };
    const upper = node(2, { up: cut, inputs: some([]), run: '', now: 'unknown' });
    server.nodes.set('1', node(1, { up: some([upper]), down: some([node(3, { down: cut })]) }));
    server.nodes.set('3', new Error('never'));
    await model.show(1);
    expect(model.rows.map(row => [row.kind, row.node?.id ?? row.count, row.cut])).toEqual([
      ['more', 3, true],
      ['datum', 2, undefined],
      ['datum', 1, undefined],
      ['datum', 3, undefined]
    ]);
  });

  it('unfolds a single one by itself', async () => {
    server.nodes.set('1', node(1, { down: some([node(2)]) }));
    server.nodes.set('2', node(2, { down: some([node(4)]) }));
    await model.show(1);
    await settle();
    expect(model.rows.map(one => one.node?.id)).toEqual([1, 2, 4]);
  });

  it('lets the chain go up by another maker, as far as that reaches', async () => {
    const makers = [node(2), node(3)];
    server.nodes.set('1', node(1, { up: some(makers) }));
    server.nodes.set('3/10', node(3, { up: some([node(9)]) }));
    await model.show(1);
    const others = model.rows.find(row => row.kind === 'others')!;
    await model.toggle(others);
    model.choose('other/1/3');
    await settle();
    expect(model.chosen?.node?.id).toBe(3);
    expect(model.rows.filter(row => row.node).map(row => row.node!.id)).toEqual([9, 3, 1]);
    expect(model.history?.versions[0].run).toBe('of 3');
  });

  it('compares two codes of what is chosen', async () => {
    server.nodes.set('1', node(1));
    await model.show(1);
    await settle();
    await model.compare(1, 2);
    expect(model.history?.diff).toBe('1 2');
    expect(model.compared).toEqual([1, 2]);
  });

  it('says what the server says, and can be asked again', async () => {
    server.nodes.set('1', new Error('there is no datum here'));
    await model.show(1);
    expect(model.error).toBe('there is no datum here');
    server.nodes.set('1', node(1));
    await model.show(1);
    expect([model.error, model.root?.id]).toEqual([null, 1]);
  });
});
