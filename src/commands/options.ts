/** What the commands act on. */
import type { Actions } from '../actions';
import type { OpenNotebook } from '../cells/opennotebook';
import type { IPlace } from '../models/document';
import type { PanelModel } from '../models/panel';
import type { PlansModel } from '../models/plans';
import type { RunModel } from '../models/run';
import type { WatchesModel } from '../models/watches';
import type { IRegistry } from './add';

/** The views that commands bring up. */
export interface IViews {
  /** The run of the document in front; null: the panel's is meant. */
  front(): RunModel | null;
  openPanel(): void;
  /** Give the focus back to the notebook; false if there is none. */
  openNotebook(): boolean;
  openRun(project: string, run: string, to: Partial<IPlace>): Promise<IPlace>;
  openDatum(project: string, run: string, datum?: number, position?: number): Promise<boolean>;
  /** Show the next failed datum from the one in view; false if none has failed. */
  step(project: string, run: string, step: 1 | -1): Promise<boolean>;
}

/** What commands act on. */
export interface ICommandOptions extends IRegistry {
  /** What commands do; loaded behind the first picture of the page. */
  actions: () => Promise<Actions>;
  panel: PanelModel;
  plans: PlansModel;
  watches: WatchesModel;
  notebook: (path?: string) => OpenNotebook | null;
  views: IViews;
}
