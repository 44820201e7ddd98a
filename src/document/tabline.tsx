/** The tabs of a run document, as ARIA has them: arrows choose, only the chosen one is in the tab order. */
import React from 'react';

import { Icon } from '../icons';
import type { DocumentModel } from '../models/document';
import { count } from '../panels/format';
import { openMenu } from './menu';
import { useHost, useRead } from '../panels/parts';
import type { ITab } from './tab';
import { TABS } from './tabs';

/** Those for which there is no room scroll; a menu names them. */
export function TabLine(props: { model: DocumentModel; id: string; chosen: ITab }): JSX.Element {
  const { trans } = useHost();
  const { model, id, chosen } = props;
  const { run } = model;
  useRead(() => TABS.map(tab => tab.badge?.(run) ?? 0).join(), run.changed);
  const list = React.useRef<HTMLDivElement>(null);
  const crowded = useCrowded(list, chosen);
  useWhole(list);
  const go = (event: React.KeyboardEvent) => {
    const at = TABS.indexOf(chosen);
    const to = {
      ArrowRight: (at + 1) % TABS.length,
      ArrowLeft: (at + TABS.length - 1) % TABS.length,
      Home: 0,
      End: TABS.length - 1
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      model.go({ tab: TABS[to].id });
      document.getElementById(`${id}-${TABS[to].id}`)?.focus();
    }
  };
  const menu = () =>
    TABS.map(tab => ({
      label: tab.label(trans),
      chosen: tab === chosen,
      execute: () => model.go({ tab: tab.id })
    }));
  return (
    <div className="jp-datum-tabline">
      <div
        ref={list}
        className="jp-datum-tabs"
        role="tablist"
        aria-label={trans.__('Views of the run')}
        onKeyDown={go}
      >
        {TABS.map(tab => {
          const n = tab.badge?.(run) ?? 0;
          return (
            <button
              key={tab.id}
              id={`${id}-${tab.id}`}
              className="jp-datum-tab"
              role="tab"
              aria-selected={tab === chosen}
              aria-controls={`${id}-panel`}
              tabIndex={tab === chosen ? 0 : -1}
              onClick={() => model.go({ tab: tab.id })}
            >
              {tab.label(trans)}
              {n ? <span className="jp-datum-tab-badge">{count(n)}</span> : null}
            </button>
          );
        })}
      </div>
      {crowded ? (
        <button
          className="jp-datum-button"
          data-kind="icon"
          aria-haspopup="menu"
          aria-label={trans.__('All views of the run')}
          title={trans.__('All views of the run')}
          onClick={event => openMenu(event.currentTarget, menu())}
        >
          <Icon name="more" />
        </button>
      ) : null}
    </div>
  );
}

/** Marks tabs that are not wholly in view; one that gets the focus is scrolled into it first. */
function useWhole(list: React.RefObject<HTMLElement>): void {
  React.useEffect(() => {
    if (!list.current || typeof IntersectionObserver === 'undefined') {
      return undefined;
    }
    const look = (seen: IntersectionObserverEntry[]) =>
      seen.forEach(({ target, intersectionRatio }) =>
        target.toggleAttribute('data-cut', intersectionRatio < 0.98)
      );
    const observer = new IntersectionObserver(look, {
      root: list.current,
      threshold: [0, 0.5, 0.98, 1]
    });
    [...list.current.children].forEach(tab => observer.observe(tab));
    return () => observer.disconnect();
  }, [list]);
}

/** Whether more stands in it than there is room for; what is chosen is in view all the same. */
function useCrowded(list: React.RefObject<HTMLElement>, chosen: ITab): boolean {
  const [crowded, setCrowded] = React.useState(false);
  React.useLayoutEffect(() => {
    const node = list.current;
    if (!node) {
      return;
    }
    // The menu takes room from the list: what is compared is the room of both.
    const look = () => {
      node.style.paddingInlineEnd = '';
      setCrowded(node.scrollWidth > (node.parentElement ?? node).clientWidth - 8);
      settle(node);
    };
    const observer = new ResizeObserver(look);
    observer.observe(node.parentElement ?? node);
    look();
    return () => observer.disconnect();
  }, [list, chosen, crowded]);
  return crowded;
}

/** Show the chosen tab, and begin the line with a whole one: not with the room of one cut off. */
function settle(list: HTMLElement): void {
  const chosen = list.querySelector('[aria-selected="true"]');
  chosen?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  if (list.scrollLeft <= 0) {
    return;
  }
  const side = parseFloat(getComputedStyle(list).paddingInlineStart);
  const start = list.getBoundingClientRect().left + side;
  const from = [...list.children].map(tab => tab.getBoundingClientRect().left - start);
  const gap = from.find(left => left >= -1) ?? 0;
  // At the end of the line there is nothing left to scroll to.
  const rest = list.scrollWidth - list.clientWidth - list.scrollLeft;
  list.style.paddingInlineEnd = `${side + Math.max(0, gap - rest)}px`;
  list.scrollLeft += gap;
}
