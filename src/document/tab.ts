/** What a tab of the run document is. */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type React from 'react';

import type { DocumentModel } from '../models/document';
import type { RunModel } from '../models/run';

/** What the view of a tab is given. */
export interface ITabProps {
  model: DocumentModel;
  theme: IThemeManager | null;
}

/** One tab; its code comes when it is first shown. */
export interface ITab {
  id: string;
  label(trans: TranslationBundle): string;
  /** How many stand in it, where that is worth a look. */
  badge?(run: RunModel): number;
  load(): Promise<{ default: React.ComponentType<ITabProps> }>;
}
