import { lastGood } from '../lastgood';

/** A server that knows these datums, by their places, and one history. */
function server(states: string[], versions: object[]) {
  const asked: string[] = [];
  const detail = (place: number) => ({
    id: place + 1,
    key: `${place}.txt`,
    position: place,
    state: states[place],
    run: 'r',
    attempt: 1,
    attempts: [{ attempt: 1, message: 'no' }],
    inputs: [],
    result: '3',
    began: 5,
    seconds: 1
  });
  return {
    asked,
    datum: async (_: string, id: number) => detail(id - 1) as any,
    position: async (_: string, __: string, place: number) => {
      asked.push(`position ${place}`);
      if (place >= states.length) {
        throw new Error('there is none');
      }
      return detail(place) as any;
    },
    history: async (_: string, __: number, old?: number, last?: number) => {
      asked.push(old === undefined ? 'history' : `diff ${old} ${last}`);
      return { versions, codes: {}, diff: old === undefined ? 'other' : '-a\n+b' } as any;
    }
  };
}

const FAILED = { state: 'failed', code: 2, input: 'ab', at: 9, seconds: 1 };

it('is its own last success, with the difference of these two codes', async () => {
  const versions = [
    FAILED,
    { ...FAILED, code: 3 },
    { ...FAILED, state: 'success', code: 1, at: 3 }
  ];
  const asked = server(['failed'], versions);
  const found = await lastGood(asked, 'p', 1);
  expect(found).toMatchObject({
    neighbour: false,
    diff: '-a\n+b',
    good: { code: 1, at: 3, datum: null }
  });
  expect(asked.asked).toEqual(['history', 'diff 1 2']);
});

it('is the nearest datum that succeeded, if it never did', async () => {
  const asked = server(['success', 'failed', 'failed', 'failed', 'success', 'success'], [FAILED]);
  const found = await lastGood(asked, 'p', 3);
  expect(found).toMatchObject({
    neighbour: true,
    diff: '',
    good: { name: '0.txt', datum: 1, code: 2 }
  });
  expect(asked.asked).toEqual(['history', 'position 1', 'position 3', 'position 0']);
});

it('says so where nothing near it has succeeded', async () => {
  const found = await lastGood(server(['failed', 'failed'], [FAILED]), 'p', 1);
  expect(found.good).toBeNull();
});
