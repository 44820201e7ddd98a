/** The settings, and what they change of the page. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { IEditable } from '../models/shared';
import { ICore } from './tokens';

/** The plugin whose schema holds the settings. */
const SCHEMA = 'jupyter-datum:panel';

export const preferences: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-datum:preferences',
  description: 'What the user has set for all views of datums.',
  autoStart: true,
  requires: [ICore],
  optional: [ISettingRegistry],
  activate: (app: JupyterFrontEnd, core: ICore, settings: ISettingRegistry | null): void => {
    const { preferences, runs } = core;
    // Colours and hatching are CSS: the palette hangs on the page.
    const apply = () => {
      const { palette, hatch, progress, rate } = preferences.now;
      document.body.dataset.jpDatumPalette = palette;
      document.body.dataset.jpDatumHatch = String(hatch);
      document.body.dataset.jpDatumProgress = progress;
      runs.setRate(rate);
    };
    preferences.changed.connect(apply);
    apply();
    // An installation without our schema has the usual.
    void settings?.load(SCHEMA).then(
      mine => {
        const read = () => preferences.take(mine.composite);
        mine.changed.connect(read);
        read();
        void app.restored
          .then(() => import('../models/shared'))
          .then(({ SharedSettings }) => {
            const tell = (sentence: string) => Notification.error(sentence, { autoClose: false });
            return new SharedSettings(core.requests, mine as IEditable, tell).begin();
          });
      },
      () => undefined
    );
  }
};
