/** All datums of the run as a table: any order, any part, any row, however many there are. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { TableModel } from '../../models/table';
import { withoutWord, withWord, words } from '../../models/words';
import { count } from '../../panels/format';
import { DatumView } from '../../panels/datumview';
import { CommandButton, Note, useHost, useSignals } from '../../panels/parts';
import { Icon } from '../../icons';
import { useWhyNot } from '../../panels/retry';
import { Commands } from '../../tokens';
import { useShown } from '../charts/size';
import { NoDatums } from '../nothing';
import { argsOf, SelectionBar } from '../table/bar';
import { columnsOf, shownOf } from '../table/columns';
import type { IColumn } from '../table/columns';
import { FilterBox } from '../table/filterbox';
import { Grid } from '../table/grid';
import type { IGridActions } from '../table/grid';
import type { DocumentModel } from '../../models/document';
import { RunPages } from '../../models/runpages';
import type { ITabProps } from '../tab';

const CHANGED = 'changed:yes';
/** Registered beside the notebook's cells. */
const OPEN_IN_NOTEBOOK = 'datum:open-in-notebook';

export default function TableTab(props: ITabProps): JSX.Element {
  const { model } = props;
  const table = useTable(model);
  const tell = React.useCallback((shown: boolean) => void (table.shown = shown), [table]);
  const ref = useShown(tell);
  const [open, setOpen] = React.useState(false);
  return (
    <div ref={ref} className="jp-datum-beside jp-datum-table-tab" data-open={open}>
      <Main model={model} table={table} open={open} onOpen={setOpen} />
      {open ? (
        <div className="jp-datum-detail jp-datum-table-detail">
          <Close onClose={() => setOpen(false)} />
          <DatumView model={model.datum} />
        </div>
      ) : null}
    </div>
  );
}

function Close(props: { onClose: () => void }): JSX.Element {
  const { trans } = useHost();
  return (
    <button
      className="jp-datum-button jp-datum-table-close"
      data-kind="icon"
      aria-label={trans.__('Close the datum')}
      title={trans.__('Close the datum')}
      onClick={props.onClose}
    >
      <Icon name="close" />
    </button>
  );
}

/** The rows of a document; they follow its filter, its order and the run it is compared with. */
function useTable(model: DocumentModel): TableModel {
  const table = React.useMemo(() => new TableModel(model.requests, model.run), [model]);
  React.useEffect(() => () => table.dispose(), [table]);
  const { filter, sort, other } = model;
  React.useEffect(
    () => table.show({ filter, sort: sort || 'pos', other }),
    [...[table, filter, sort, other]]
  );
  useSignals(table.changed, model.changed, model.run.changed);
  return table;
}

function Main(props: {
  model: DocumentModel;
  table: TableModel;
  open: boolean;
  onOpen: (open: boolean) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { model, table, open } = props;
  const input = React.useRef<HTMLInputElement>(null);
  const root = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState<[number, number]>([0, 0]);
  const [told, setTold] = React.useState<string | null>(null);
  const pages = useRuns(model);
  const all = columnsOf(trans, table.metrics, otherOf(trans, model, pages));
  const shown = shownOf(all, model.columns);
  const toGrid = () => root.current?.querySelector<HTMLElement>('[role=grid]')?.focus();
  const actions = useActions(props, () => input.current?.focus(), setTold);
  const rows = table.matches ?? 0;
  if (table.matches === 0 && !table.error && !model.filter) {
    return <NoRows model={model} />;
  }
  return (
    <div ref={root} className="jp-datum-table-main">
      <div className="jp-datum-table-tools">
        <FilterBox
          model={table}
          filter={model.filter}
          onFilter={filter => model.go({ filter })}
          input={input}
          onLeave={toGrid}
        />
        <Tools model={model} pages={pages} all={all} shown={shown} />
      </div>
      <NoMatch model={model} table={table} />
      <Grid
        model={table}
        columns={all.filter(one => shown.has(one.id))}
        rows={rows}
        sort={model.sort || 'pos'}
        onSort={sort => model.go({ sort })}
        actions={{ ...actions, open: n => actions.open(n) }}
        onFollow={n => (open ? actions.open(n) : undefined)}
        onView={(first, last) => setView([first, last])}
      />
      <SelectionBar model={table} view={view} told={told} />
    </div>
  );
}

/** There is nothing to filter, to compare or to save. */
function NoRows(props: { model: DocumentModel }): JSX.Element {
  const { trans } = useHost();
  const { project, uuid, ended } = props.model.run;
  const says = ended
    ? trans.__('This run had no datums.')
    : trans.__('No datums yet: the input is being listed.');
  return <NoDatums project={project} run={uuid} says={says} />;
}

/** The filter leaves none. */
function NoMatch(props: { model: DocumentModel; table: TableModel }): JSX.Element | null {
  const { trans } = useHost();
  const { model, table } = props;
  if (table.matches !== 0 || table.error) {
    return null;
  }
  return (
    <Note
      action={
        <button className="jp-datum-button" onClick={() => model.go({ filter: '' })}>
          {trans.__('Show all %1', count(model.run.total))}
        </button>
      }
    >
      {trans.__('No datum of this run matches the filter.')}
    </Note>
  );
}

/** What is done with rows; `told` is shown in the line below them. */
function useActions(
  props: { model: DocumentModel; table: TableModel; onOpen: (open: boolean) => void },
  toFilter: () => void,
  tell: (told: string | null) => void
): IGridActions {
  const { trans, commands } = useHost();
  const { model, table, onOpen } = props;
  const why = useWhyNot(model.run);
  const execute = (id: string, args: any) => void commands.execute(id, args).catch(() => undefined);
  return {
    open: n => {
      const row = table.row(n);
      const place = table.place(n);
      if (row?.id) {
        model.go({ datum: row.id });
      } else if (place !== null) {
        void model.datum.openAt(place);
      }
      onOpen(row !== null || place !== null);
    },
    openFile: n => {
      const path = table.row(n)?.file?.path;
      if (path) {
        execute(Commands.openFile, { path });
      }
    },
    copy: n => {
      const text = table.row(n)?.key;
      if (text) {
        execute(Commands.copyId, { text });
        tell(trans.__('Copied the name'));
        window.setTimeout(() => tell(null), 2000);
      }
    },
    retry: () => {
      const args = argsOf(table);
      if (args && table.again !== 0 && !why) {
        execute(Commands.retrySelection, args);
        table.selectNone();
      }
    },
    notebook: n => {
      const datum = table.row(n)?.id;
      if (datum && commands.hasCommand(OPEN_IN_NOTEBOOK)) {
        execute(OPEN_IN_NOTEBOOK, { ...ids(model.run), datum });
      }
    },
    filter: toFilter,
    close: () => onOpen(false),
    tooMany: () => {
      tell(trans.__('At most 10,000 rows at once in this order: select all, or filter further'));
      window.setTimeout(() => tell(null), 6000);
    }
  };
}

/** Beside the filter: columns, the run to compare with, the file. */
function Tools(props: {
  model: DocumentModel;
  pages: RunPages | null;
  all: readonly IColumn[];
  shown: ReadonlySet<string>;
}): JSX.Element {
  const { trans } = useHost();
  const { model, pages, all, shown } = props;
  const { run } = model;
  return (
    <div className="jp-datum-table-buttons">
      <Compare model={model} pages={pages} />
      <details
        className="jp-datum-column-choice"
        onToggle={({ currentTarget }) => {
          if (currentTarget.open) {
            currentTarget.dataset.datumTakes = 'Escape';
          } else {
            delete currentTarget.dataset.datumTakes;
          }
        }}
        onBlur={({ currentTarget, relatedTarget }) => {
          if (relatedTarget && !currentTarget.contains(relatedTarget as Node)) {
            currentTarget.open = false;
          }
        }}
        onKeyDown={event => {
          if (event.key === 'Escape' && event.currentTarget.open) {
            event.stopPropagation();
            event.currentTarget.open = false;
            delete event.currentTarget.dataset.datumTakes;
            event.currentTarget.querySelector('summary')?.focus();
          }
        }}
      >
        <summary className="jp-datum-button">{trans.__('Columns')}</summary>
        <div className="jp-datum-columns-list" role="group" aria-label={trans.__('Columns')}>
          {all
            .filter(one => !['pos', 'name', 'state'].includes(one.id))
            .map(one => (
              <label key={one.id}>
                <input
                  type="checkbox"
                  checked={shown.has(one.id)}
                  onChange={({ target }) => {
                    const next = new Set(shown);
                    next[target.checked ? 'add' : 'delete'](one.id);
                    model.go({ columns: [...next].join(',') });
                  }}
                />
                <bdi>{one.label}</bdi>
              </label>
            ))}
        </div>
      </details>
      <CommandButton
        command={Commands.exportRows}
        args={{ ...ids(run), filter: model.filter, sort: model.sort || 'pos' }}
        icon="download"
        label={trans.__('CSV')}
        title={trans.__('Download these rows, all of them')}
      />
    </div>
  );
}

function ids(run: { project: string; uuid: string }): { project: string; run: string } {
  return { project: run.project, run: run.uuid };
}

/** Which other run of the transform stands beside this one. */
function Compare(props: { model: DocumentModel; pages: RunPages | null }): JSX.Element | null {
  const { trans } = useHost();
  const { model, pages } = props;
  const runs = pages?.runs.filter(one => one.uuid !== model.run.uuid) ?? [];
  const only = words(model.filter).indexOf(CHANGED);
  if (!runs.length) {
    return null;
  }
  const choose = (other: string) => {
    const filter = !other && only >= 0 ? withoutWord(model.filter, only) : model.filter;
    model.go({ other, filter });
  };
  return (
    <>
      <label className="jp-datum-compare">
        <span className="jp-datum-muted">{trans.__('Compare with')}</span>
        <select value={model.other} onChange={event => choose(event.target.value)}>
          <option value="">{trans.__('no other run')}</option>
          {runs.map(one => (
            <option key={one.uuid} value={one.uuid}>
              {trans.__('run %1', one.id)}
            </option>
          ))}
        </select>
      </label>
      {pages?.whole === false ? (
        <button className="jp-datum-button" onClick={() => void pages.more()}>
          {trans.__('Earlier runs')}
        </button>
      ) : null}
      {model.other ? (
        <button
          className="jp-datum-button"
          aria-pressed={only >= 0}
          onClick={() =>
            model.go({
              filter: only >= 0 ? withoutWord(model.filter, only) : withWord(model.filter, CHANGED)
            })
          }
        >
          {trans.__('Changed only')}
        </button>
      ) : null}
    </>
  );
}

/** The name of the run that stands beside this one; null: none does. */
function otherOf(
  trans: TranslationBundle,
  model: DocumentModel,
  pages: RunPages | null
): string | null {
  if (!model.other) {
    return null;
  }
  const other = pages?.runs.find(one => one.uuid === model.other);
  return other ? trans.__('run %1', other.id) : trans.__('other run');
}

/** The runs of the same transform; the newest are asked for at once. */
function useRuns(model: DocumentModel): RunPages | null {
  const name = model.run.info?.name;
  const pages = React.useMemo(
    () => (name ? new RunPages(model.requests, model.project, name) : null),
    [model, name]
  );
  useSignals(pages?.changed);
  React.useEffect(() => {
    void pages?.more();
    return () => pages?.dispose();
  }, [pages]);
  const { other } = model;
  React.useEffect(() => {
    void pages?.find(other).then(there => there || model.go({ other: '' }));
  }, [pages, other]);
  return pages;
}
