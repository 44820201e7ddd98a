/** What runs have recorded of their cells: asked for once, whoever wants to know. */
import type { Requests } from '../requests';
import type { IRunDetail } from '../tokens';

/** The runs with their cells. */
export class RecordedRuns {
  constructor(private readonly _requests: Pick<Requests, 'run'>) {}

  /** A run with its recorded cell. */
  of(project: string, run: string): Promise<IRunDetail> {
    let detail = this._known.get(run);
    if (!detail) {
      detail = this._requests.run(project, run);
      this._known.set(run, detail);
      detail.catch(() => this._known.delete(run));
    }
    return detail;
  }

  /** A notebook has another path: what was told of where cells stand is of yesterday. */
  forget(): void {
    this._known.clear();
  }

  private readonly _known = new Map<string, Promise<IRunDetail>>();
}
