/** A widget of React that stands still while it lies behind another one. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { HostContext, PageContext, ShownContext } from './parts';
import type { IHost } from './parts';

/** What it shows is drawn again when it is seen again, as it is by then. */
export abstract class ShownWidget extends ReactWidget {
  constructor(protected readonly host: IHost) {
    super();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  protected render(): JSX.Element {
    return (
      <HostContext.Provider value={this.host}>
        <PageContext.Provider value={this}>
          <ShownContext.Provider value={this.isVisible}>{this.view()}</ShownContext.Provider>
        </PageContext.Provider>
      </HostContext.Provider>
    );
  }

  /** All that it shows. */
  protected abstract view(): JSX.Element;
}

/** A part of a long page that is drawn in a frame of its own (`turns.ts`). */
export function OwnTurn(props: { children: React.ReactNode }): JSX.Element {
  const [page] = React.useState<object>(() => ({}));
  return <PageContext.Provider value={page}>{props.children}</PageContext.Provider>;
}
