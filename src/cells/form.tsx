/** The form in the property inspector that marks a cell as a transform: what its fields share. */
import type { JSONObject } from '@lumino/coreutils';
import type { FieldProps } from '@rjsf/utils';
import React from 'react';

import type { Counts, ICountable } from '../models/counts';
import { EnginesModel } from '../models/engines';
import { InputCount } from '../models/inputcount';
import { MarkCheck } from '../models/markcheck';
import type { PanelModel } from '../models/panel';
import { HostContext } from '../panels/parts';
import type { IHost } from '../panels/parts';
import type { Requests } from '../requests';
import { StateField, TextField } from './formfields';
import type { ThisCell } from './thiscell';

/** What the fields are made with. */
export interface IFormOptions {
  host: IHost;
  requests: Pick<Requests, 'mark' | 'engines'>;
  counts: Counts;
  panel: PanelModel;
  cell: ThisCell;
}

/** The fields of one page's form, by what the schema calls them. */
export interface IFields {
  Text: (props: FieldProps) => JSX.Element;
  State: () => JSX.Element;
}

/** Make the fields that the schema names. */
export function fieldsOf(options: IFormOptions): IFields {
  const { cell, host, panel } = options;
  const check = new MarkCheck(options.requests);
  const count = new InputCount(options.counts);
  const engines = new EnginesModel(panel, options.requests);
  const countable = (mark: unknown): ICountable | null => {
    const notebook = panel.notebook?.path;
    return notebook && cell.marked && (mark as JSONObject | null)?.input
      ? { notebook, mark }
      : null;
  };
  let before: string | undefined;
  const look = () => {
    check.look(cell.metadata);
    const now = countable(cell.metadata);
    const key = JSON.stringify([now, cell.name]);
    if (key !== before) {
      before = key; // else something else of the page has changed: what is being typed stands
      count.look(now);
    }
  };
  cell.changed.connect(look);
  look();
  /** What is being typed is counted as well, before it is taken. */
  const typed = (input: unknown) =>
    count.look(countable({ ...(cell.metadata as JSONObject | null), input }));
  const inHost = (field: JSX.Element) => (
    <HostContext.Provider value={host}>{field}</HostContext.Provider>
  );
  const shared = { check, count, engines, typed };
  return {
    Text: props => inHost(<TextField field={props} {...shared} />),
    State: () => inHost(<StateField {...options} {...shared} />)
  };
}
