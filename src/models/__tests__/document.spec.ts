/** What a run document does until somebody has told of its run. */
import { aRun, FakeServer, PROJECT, RUN } from '../../__tests__/world';
import { RefusedError } from '../../requests';
import { DocumentModel } from '../document';
import { RunsModel } from '../runs';

describe('a document of a run that no list has told of', () => {
  const runs = new RunsModel(new FakeServer());
  let asked: number;
  let answer: () => Promise<any>;
  let model: DocumentModel;

  beforeEach(() => {
    jest.useFakeTimers();
    asked = 0;
  });
  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });
  afterAll(() => runs.dispose());

  function open(): void {
    const requests = {
      run: () => {
        asked++;
        return answer();
      }
    } as any;
    model = new DocumentModel(runs, requests, { project: PROJECT, run: RUN }, 1000);
  }
  const later = (seconds: number) => jest.advanceTimersByTimeAsync(1000 * seconds);

  it('asks again, ever later, until it is answered', async () => {
    answer = () => Promise.reject(new RefusedError(503, 'ledger', 'kept busy'));
    open();
    await later(1.5);
    expect(asked).toBe(2);
    await later(2);
    expect(asked).toBe(3);
    answer = async () => ({ ...aRun(), source: '', untracked: null });
    await later(4);
    expect([asked, model.run.info?.name]).toEqual([4, 'means']);
    await later(600);
    expect(asked).toBe(4);
  });

  it('takes a refusal for an answer', async () => {
    answer = () => Promise.reject(new RefusedError(404, 'not-found', 'no such run'));
    open();
    await later(600);
    expect([asked, model.run.info]).toEqual([1, null]);
  });

  it('asks no more when it is closed, or a list has told', async () => {
    answer = () => Promise.reject(new TypeError('no network'));
    open();
    await later(0.5);
    runs.learn(PROJECT, aRun());
    await later(600);
    expect([asked, model.run.info?.id]).toEqual([1, 7]);
    model.dispose();
    open();
    model.dispose();
    await later(600);
    expect(asked).toBe(1); // the run was known
  });
});
