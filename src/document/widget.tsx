/** The run document: one run with all its views, in the main area. */
import type { IThemeManager } from '@jupyterlab/apputils';
import React from 'react';

import { datumIcon } from '../icons';
import type { DocumentModel } from '../models/document';
import { oneLine } from '../panels/format';
import { bindKeys } from '../panels/keys';
import { Note, useHost, useRead, useSignals } from '../panels/parts';
import type { IHost } from '../panels/parts';
import { ShownWidget } from '../panels/shown';
import { Header } from './header';
import type { ITab, ITabProps } from './tab';
import { TabLine } from './tabline';
import { TABS } from './tabs';
import { Trouble } from './trouble';

export { DocumentModel } from '../models/document';

/** The widget of one run; it owns its model. */
export class RunDocument extends ShownWidget {
  constructor(
    host: IHost,
    readonly model: DocumentModel,
    private readonly _theme: IThemeManager | null
  ) {
    super(host);
    this.addClass('jp-datum-document');
    this.title.icon = datumIcon;
    this.title.closable = true;
    this.node.dataset.datumProject = model.project;
    this.node.dataset.datumRun = model.run.uuid;
    bindKeys(this.node);
    model.run.changed.connect(this._retitle, this);
    this._retitle();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.model.run.changed.disconnect(this._retitle, this);
      this.model.dispose();
      super.dispose();
    }
  }

  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) {
      this.node.focus();
    }
  }

  protected view(): JSX.Element {
    return <DocumentView model={this.model} theme={this._theme} />;
  }

  private _retitle(): void {
    const { info } = this.model.run;
    const { trans } = this.host;
    const label = info ? trans.__('%1 · run %2', info.name, info.id) : trans.__('The run');
    if (label !== this.title.label) {
      this.title.label = label;
    }
  }
}

/** Header, tabs, and the tab in front. */
export function DocumentView(props: ITabProps): JSX.Element {
  const { model } = props;
  useSignals(model.changed);
  const lost = useRead(() => model.runs.connection === 'lost', model.runs.changed);
  const id = React.useId();
  const tab = TABS.find(one => one.id === model.tab) ?? TABS[0];
  return (
    <div className="jp-datum-document-view" data-lost={lost}>
      <Header model={model} />
      <TabLine model={model} id={id} chosen={tab} />
      <Trouble model={model} />
      <div
        id={`${id}-panel`}
        className="jp-datum-tabpanel"
        role="tabpanel"
        tabIndex={0}
        aria-labelledby={`${id}-${tab.id}`}
        data-tab={tab.id}
      >
        <TabPanel key={tab.id} tab={tab} {...props} />
      </div>
    </div>
  );
}

/** A tab whose code may be on its way still. */
function TabPanel(props: ITabProps & { tab: ITab }): JSX.Element {
  const { trans } = useHost();
  const { tab, ...given } = props;
  const [view, setView] = React.useState<React.ComponentType<ITabProps> | null>(null);
  const [error, setError] = React.useState<string | null>(null);
  React.useEffect(() => {
    let shown = true;
    tab.load().then(
      loaded => shown && setView(() => React.memo(loaded.default)),
      reason => shown && setError(String(reason?.message ?? reason))
    );
    return () => {
      shown = false;
    };
  }, [tab]);
  if (error) {
    return <Note>{trans.__('This view could not be loaded: %1', oneLine(error))}</Note>;
  }
  const View = view;
  return View ? (
    <View {...given} />
  ) : (
    <p className="jp-datum-body jp-datum-muted">{trans.__('Reading …')}</p>
  );
}
