/** A million rows, of which those in view are there: a grid that keyboard and readers know. */
import React from 'react';

import type { TableModel } from '../../models/table';
import { count } from '../../panels/format';
import { useHost } from '../../panels/parts';
import { Waiting } from './columns';
import type { IColumn } from './columns';
import { ROW, Scroll } from './scroll';

/** Height of the line with the columns' names. */
const HEAD = 28;

/** What is done with rows. */
export interface IGridActions {
  open(n: number): void;
  openFile(n: number): void;
  copy(n: number): void;
  retry(): void;
  notebook(n: number): void;
  filter(): void;
  close(): void;
  tooMany(): void;
}

interface IGridProps {
  model: TableModel;
  columns: readonly IColumn[];
  rows: number;
  sort: string;
  onSort: (sort: string) => void;
  actions: IGridActions;
  /** A row was chosen. */
  onFollow: (n: number) => void;
  /** Told which rows are in view, counted from 1. */
  onView: (first: number, last: number) => void;
}

/** The grid. */
export function Grid(props: IGridProps): JSX.Element {
  const { trans } = useHost();
  const { model, columns, rows, onView } = props;
  const id = React.useId();
  const [cursor, setCursor] = React.useState<[number, number]>([0, 0]);
  const { field, scroll, top, onScroll, reveal } = useScroll(rows);
  const { filter } = model.view;
  React.useEffect(() => {
    setCursor(([, column]) => [0, column]); // other rows: from their beginning
    reveal(0);
  }, [filter, props.sort]);
  const [first, end] = scroll.drawn(top);
  React.useEffect(() => {
    model.need(first, end);
    onView(Math.min(first + 1, rows), Math.min(rows, Math.floor(top + scroll.view / ROW)));
  }, [model, first, end, rows, model.view]);
  const at = Math.min(cursor[0], Math.max(0, rows - 1));
  const go = (row: number, column = cursor[1]) => {
    const to = Math.min(Math.max(0, row), Math.max(0, rows - 1));
    setCursor([to, Math.min(Math.max(0, column), columns.length - 1)]);
    reveal(to);
    return to;
  };
  const press = useKeys({ ...props, at, column: cursor[1], go, page: scroll.view / ROW });
  const least = columns.reduce((sum, one) => sum + one.least + 12, 12);
  const style = {
    '--jp-datum-columns': columns.map(one => one.width).join(' '),
    minWidth: least
  } as React.CSSProperties;
  const drawn = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
  return (
    <div
      ref={field}
      className="jp-datum-grid"
      role="grid"
      tabIndex={0}
      aria-label={trans.__('Datums')}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-multiselectable={true}
      aria-activedescendant={at >= first && at < end ? `${id}-${at}-${cursor[1]}` : undefined}
      data-datum-takes="Escape"
      onScroll={onScroll}
      onKeyDown={press}
    >
      <div style={{ ...style, height: HEAD + scroll.height }}>
        <Head {...props} />
        <div
          className="jp-datum-grid-window"
          style={{ top: HEAD + windowTop(scroll, top, field.current?.scrollTop ?? 0) }}
        >
          {drawn.map(n => (
            <Row
              key={n}
              {...{ model, columns, n, id }}
              cursor={n === at ? cursor[1] : -1}
              onPick={(column, event) => {
                void pick(props, at, n, event);
                go(n, column);
                props.onFollow(n);
              }}
              onOpen={() => props.actions.open(n)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** Where the drawn rows begin, in the pixels of the scroll bar. */
function windowTop(scroll: Scroll, top: number, pixels: number): number {
  return scroll.scaled ? pixels - (top - Math.floor(top)) * ROW : Math.floor(top) * ROW;
}

/** A click chooses a row; with Shift all up to it, with Ctrl or ⌘ it as well. */
async function pick(
  props: IGridProps,
  from: number,
  n: number,
  event: React.MouseEvent
): Promise<void> {
  const { model, actions } = props;
  if (event.shiftKey) {
    if (!(await model.selectRange(from, n))) {
      actions.tooMany();
    }
  } else if (event.ctrlKey || event.metaKey) {
    model.toggle(n);
  } else {
    model.selectNone();
  }
}

/** The field's height and place, and how to bring a row into view. */
function useScroll(rows: number): {
  field: React.RefObject<HTMLDivElement>;
  scroll: Scroll;
  top: number;
  onScroll: () => void;
  reveal: (n: number) => void;
} {
  const field = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState(480);
  const [top, setTop] = React.useState(0);
  const set = React.useRef(-1);
  const scroll = React.useMemo(() => new Scroll(rows, view), [rows, view]);
  const now = React.useRef({ scroll, top });
  now.current = { scroll, top: scroll.inside(top) };
  const move = (to: number) => {
    const node = field.current;
    const inside = now.current.scroll.inside(to);
    now.current.top = inside;
    setTop(inside);
    if (node) {
      node.scrollTop = now.current.scroll.pixels(inside);
      set.current = node.scrollTop; // as the browser has rounded it: that scroll is our own
    }
  };
  React.useLayoutEffect(() => {
    const node = field.current!;
    const measure = () => setView(Math.max(ROW, node.clientHeight - HEAD));
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    measure();
    const wheel = (event: WheelEvent) => {
      const { scroll: own, top: from } = now.current;
      if (own.scaled && event.deltaY && !event.ctrlKey) {
        event.preventDefault();
        const lines = event.deltaMode === 1 ? event.deltaY : event.deltaY / ROW;
        move(from + (event.deltaMode === 2 ? (event.deltaY * own.view) / ROW : lines));
      }
    };
    node.addEventListener('wheel', wheel, { passive: false });
    return () => {
      observer.disconnect();
      node.removeEventListener('wheel', wheel);
    };
  }, []);
  const onScroll = () => {
    const { scrollTop } = field.current!;
    if (Math.abs(scrollTop - set.current) > 0.5) {
      setTop(now.current.scroll.inside(now.current.scroll.top(scrollTop)));
    }
    set.current = -1;
  };
  const reveal = (n: number) => {
    const to = now.current.scroll.reveal(now.current.top, n);
    if (to !== now.current.top) {
      move(to);
    }
  };
  return { field, scroll, top: now.current.top, onScroll, reveal };
}

/** What keys do in the grid. */
function useKeys(
  props: IGridProps & {
    at: number;
    column: number;
    page: number;
    go: (row: number, column?: number) => number;
  }
): (event: React.KeyboardEvent) => void {
  const { model, rows, at, column, go, page, actions } = props;
  const anchor = React.useRef(0);
  const moves: Record<string, () => number> = {
    ArrowDown: () => at + 1,
    ArrowUp: () => at - 1,
    PageDown: () => at + Math.max(1, Math.floor(page)),
    PageUp: () => at - Math.max(1, Math.floor(page)),
    Home: () => 0,
    End: () => rows - 1
  };
  const plain: Record<string, () => void> = {
    ArrowLeft: () => go(at, column - 1),
    ArrowRight: () => go(at, column + 1),
    ' ': () => {
      model.toggle(at);
      anchor.current = at;
    },
    Enter: () => (props.columns[column]?.id === 'out' ? actions.openFile(at) : actions.open(at)),
    Escape: () => (model.selectedCount ? model.selectNone() : actions.close()),
    '/': actions.filter,
    c: () => actions.copy(at),
    o: () => actions.notebook(at),
    r: actions.retry
  };
  const select = async (to: number) => {
    if (!(await model.selectRange(anchor.current, to))) {
      actions.tooMany();
    }
  };
  return event => {
    if (event.target !== event.currentTarget) {
      return; // a button in it
    }
    const all = (event.ctrlKey || event.metaKey) && event.key === 'a';
    const move = event.ctrlKey || event.metaKey || event.altKey ? undefined : moves[event.key];
    const other = event.ctrlKey || event.metaKey || event.altKey ? undefined : plain[event.key];
    if (!all && !move && !other) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (all) {
      model.selectAll();
    } else if (move) {
      const to = go(move());
      if (event.shiftKey) {
        void select(to);
      } else {
        anchor.current = to;
      }
    } else {
      other!();
    }
  };
}

/** The names of the columns; pressing one sorts by it, once more from its end. */
function Head(props: IGridProps): JSX.Element {
  const { columns, sort, onSort } = props;
  const down = sort.startsWith('-');
  const by = down ? sort.slice(1) : sort;
  return (
    <div className="jp-datum-grid-row jp-datum-grid-head" role="row" aria-rowindex={1}>
      {columns.map((column, place) => {
        const mine = column.id === by;
        return (
          <div
            key={column.id}
            role="columnheader"
            aria-colindex={place + 1}
            aria-sort={mine ? (down ? 'descending' : 'ascending') : undefined}
            data-end={column.end}
          >
            {column.sorts ? (
              <button
                className="jp-datum-grid-sort"
                onClick={() => onSort(mine && !down ? `-${column.id}` : column.id)}
              >
                <bdi>{column.label}</bdi>
                {mine && sort !== 'pos' ? <span aria-hidden="true">{down ? '▾' : '▴'}</span> : null}
              </button>
            ) : (
              <bdi>{column.label}</bdi>
            )}
          </div>
        );
      })}
    </div>
  );
}

function Row(props: {
  model: TableModel;
  columns: readonly IColumn[];
  n: number;
  id: string;
  /** The column that the cursor is in; -1: none. */
  cursor: number;
  onPick: (column: number, event: React.MouseEvent) => void;
  onOpen: () => void;
}): JSX.Element {
  const { model, columns, n, id, cursor } = props;
  const row = model.row(n);
  const state = model.state(n);
  const place = model.place(n);
  // The bytes are newer than the page: what has begun since has no outcome yet.
  const shown = row && state && state !== row.state ? { ...row, state } : row;
  return (
    <div
      className="jp-datum-grid-row"
      role="row"
      aria-rowindex={n + 2}
      aria-selected={model.isSelected(n)}
      data-cursor={cursor >= 0 || undefined}
      data-datum-project={model.run.project}
      data-datum-run={model.run.uuid}
      data-datum-id={row?.id ?? undefined}
      data-datum-group={row?.group ?? undefined}
      onDoubleClick={props.onOpen}
    >
      {columns.map((column, at) => (
        <div
          key={column.id}
          id={`${id}-${n}-${at}`}
          role="gridcell"
          aria-colindex={at + 1}
          data-end={column.end}
          data-cursor={cursor === at || undefined}
          onMouseDown={event => event.shiftKey && event.preventDefault()}
          onClick={event => props.onPick(at, event)}
        >
          {shown ? (
            column.cell(shown)
          ) : column.id === 'pos' && place !== null ? (
            <span className="jp-datum-muted">{count(place + 1)}</span>
          ) : (
            <Waiting state={state} column={column.id} />
          )}
        </div>
      ))}
    </div>
  );
}
