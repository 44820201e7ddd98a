/** What our own plugins share; other extensions use `../tokens`. */
import { Token } from '@lumino/coreutils';

import type { Badges } from '../cells/badges';
import type { OpenNotebook } from '../cells/opennotebook';
import type { Counts } from '../models/counts';
import type { PanelModel } from '../models/panel';
import type { Preferences } from '../models/preferences';
import type { RunsModel } from '../models/runs';
import type { IHost } from '../panels/parts';
import type { Requests } from '../requests';
import type { IDatumRenderers, IFailureActions } from '../tokens';
import type { ILooked } from '../views';

/** What our own plugins share. */
export interface ICore {
  requests: Requests;
  runs: RunsModel;
  preferences: Preferences;
  renderers: IDatumRenderers;
  failureActions: IFailureActions;
  host: IHost;
}

/** The same with the notebook in front. */
export interface IFront {
  panel: PanelModel;
  /** The one in front, or that with this path. */
  notebook: (path?: string) => OpenNotebook | null;
  badges: () => Badges | null;
  /** What is looked at in the document, or on the page of a datum, in front; null: the panel's run. */
  looked: () => ILooked | null;
  /** How many datums written inputs have. */
  counts: Counts;
}

export const ICore = new Token<ICore>(
  'jupyter-datum:ICore',
  'Connection and words of jupyter-datum.'
);
export const IFront = new Token<IFront>(
  'jupyter-datum:IFront',
  'What the panel of datums is about.'
);
