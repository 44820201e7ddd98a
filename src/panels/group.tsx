/** One group of failures: what they have in common, their datums, and what can be done to all. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Glyph } from '../icons';
import { DatumsModel } from '../models/datums';
import type { RunModel } from '../models/run';
import { isAlone } from '../models/verdict';
import type { Requests } from '../requests';
import { Commands } from '../tokens';
import type { IDatum, IGroup } from '../tokens';
import { count, datumName, oneLine, placeWord, visible } from './format';
import { CommandButton, useHost, useSignals } from './parts';
import { RetrySome } from './retry';
import { stillBusy, whyNot } from './why';
import { clockTime, dayClockTime, fullDay } from './when';
import { Windowed } from './windowed';

/** Pixels of a row, and of a list of rows at most. */
const ROW = 24;
const HEIGHT = 12 * ROW;
/** Rows that are read again before a list gives way to a later look at the same. */
const MOST = 1000;
/** Workers that are named. */
const NAMED = 3;

/** How lists of datums are got: the widget around has the connection. */
export type DatumSource = Pick<Requests, 'datums'>;

export interface IGroupProps {
  run: RunModel;
  group: IGroup;
  source: DatumSource;
  open: boolean;
  onOpen: () => void;
  /** The datum that is shown, and where one is shown if not on a page of its own. */
  chosen?: number | null;
  onDatum?: (datum: number) => void;
}

export function GroupRow(props: IGroupProps): JSX.Element {
  const { trans } = useHost();
  const { run, group, open, onOpen } = props;
  const args = { project: run.project, run: run.uuid };
  return (
    <div
      className="jp-datum-group"
      role="listitem"
      data-open={open}
      data-expected={group.expected ? 'true' : undefined}
    >
      <div className="jp-datum-group-row">
        <span className="jp-datum-group-count">{count(group.datums)}</span>
        <button className="jp-datum-group-text" aria-expanded={open} onClick={onOpen}>
          <span className="jp-datum-two-lines">
            <code>
              <Dotted name={oneLine(group.type)} />
            </code>{' '}
            {oneLine(group.message)}
          </span>
          <span className="jp-datum-small jp-datum-muted">{whereOf(trans, group)}</span>
          <span className="jp-datum-small jp-datum-muted jp-datum-group-when">
            {whenOf(trans, group)}
          </span>
          <Tags group={group} workers={run.counts?.workers ?? null} />
        </button>
        <span className="jp-datum-group-actions">
          {group.sample !== null && !props.onDatum ? (
            <CommandButton
              command={Commands.openDatum}
              args={{ ...args, datum: group.sample }}
              icon="open"
              kind="icon"
              label={trans.__('Open a failed datum of this group')}
            />
          ) : null}
          <RetrySome
            {...args}
            command={Commands.retryGroup}
            args={{ group: group.id }}
            many={group.datums}
            kind="icon"
            busy={stillBusy(trans, run)}
            why={whyNot(trans, run)}
          />
        </span>
      </div>
      {open ? <GroupDatums {...props} /> : null}
      {open ? <GroupActions run={run} group={group} /> : null}
    </div>
  );
}

/** Where in the code, and on which workers. */
function whereOf(trans: TranslationBundle, group: IGroup): string {
  const { place, workers } = group;
  const named = workers.slice(0, NAMED).map(oneLine).join(', ');
  const more = workers.length > NAMED ? ' …' : '';
  const who = workers.length > 1 ? trans.__('workers %1', `${named}${more}`) : named;
  return [placeWord(trans, place), who].filter(Boolean).join(' · ');
}

/** From when to when they failed. */
function whenOf(trans: TranslationBundle, group: IGroup): string {
  const [from, to] = [dayClockTime(group.first), clockTime(group.last)];
  return from.endsWith(to) ? from : trans.__('%1 to %2', from, to);
}

function Tags(props: { group: IGroup; workers: number | null }): JSX.Element | null {
  const { trans } = useHost();
  const { group, workers } = props;
  const { expected, new_since: since } = group;
  const one = isAlone(group, workers);
  if (!one && !expected && !since) {
    return null;
  }
  return (
    <span className="jp-datum-tags">
      {one ? <span className="jp-datum-tag">{trans.__('one worker only')}</span> : null}
      {since ? (
        <span className="jp-datum-tag" data-kind="new">
          {trans.__('new since run %1', since)}
        </span>
      ) : null}
      {expected ? (
        <span className="jp-datum-tag">
          {trans.__('expected, says %1, %2', oneLine(expected.by), fullDay(expected.at))}
        </span>
      ) : null}
    </span>
  );
}

/** What is done to the group as a whole. */
function GroupActions(props: { run: RunModel; group: IGroup }): JSX.Element {
  const { trans, commands } = useHost();
  const { run, group } = props;
  const args = { project: run.project, run: run.uuid };
  const links: [string, string, object][] = [
    group.expected
      ? [
          trans.__('Not expected any more'),
          Commands.markExpected,
          { ...args, group: group.id, undo: true }
        ]
      : [trans.__('Mark as expected'), Commands.markExpected, { ...args, group: group.id }],
    [trans.__('Copy'), Commands.copyId, { text: groupText(trans, run, group) }],
    [trans.__('As table'), Commands.openRun, { ...args, tab: 'table', filter: `group:${group.id}` }]
  ];
  return (
    <div className="jp-datum-group-links">
      {links.map(([label, command, given]) => (
        <button
          key={label}
          className="jp-datum-link"
          onClick={() => void commands.execute(command, given as any).catch(() => undefined)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

/** A name with dots: a line may end behind each of them. */
function Dotted(props: { name: string }): JSX.Element {
  const parts = props.name.split('.');
  return (
    <>
      {parts.map((part, at) => (
        <React.Fragment key={at}>
          {part}
          {at < parts.length - 1 ? '.' : null}
          {at < parts.length - 1 ? <wbr /> : null}
        </React.Fragment>
      ))}
    </>
  );
}

/** A group as text, to be pasted into an issue. */
export function groupText(trans: TranslationBundle, run: RunModel, group: IGroup): string {
  const name = run.info ? trans.__('%1, run %2', run.info.name, run.info.id) : run.uuid;
  const lines = [
    `${group.type}: ${group.message}`,
    trans._n('1 datum of %3', '%2 datums of %3', group.datums, count(group.datums), name),
    [whereOf(trans, group), whenOf(trans, group)].filter(Boolean).join(' · ')
  ];
  return visible(lines.join('\n'));
}

function GroupDatums(props: IGroupProps): JSX.Element {
  const { trans } = useHost();
  const { run, group, source, chosen } = props;
  // Those that came later are seen by another look: whenever they have doubled, and at the end.
  const stage = run.ended ? -1 : Math.floor(Math.log2(Math.max(1, group.datums)));
  const list = React.useMemo(
    () => new DatumsModel(source, run.project, run.uuid, { group: group.id, state: 'failed' }),
    [run, group.id, source, stage]
  );
  useSignals(list.changed);
  const before = useBefore(list);
  const { datums } = before ?? list;
  // The group counts what failed in its run; the list is of those that no later run has taken.
  const since = run.ended && list.whole && !before ? group.datums - datums.length : 0;
  return (
    <div className="jp-datum-datums">
      <Windowed
        count={datums.length}
        row={ROW}
        height={HEIGHT}
        label={trans.__('Failed datums')}
        reveal={chosen ? datums.findIndex(one => one.id === chosen) : -1}
        draw={at => <Row {...props} datum={datums[at]} />}
        onEnd={() => void list.more()}
      />
      {since > 0 ? (
        <div className="jp-datum-muted">
          {trans._n('1 has run again since', '%2 have run again since', since, count(since))}
        </div>
      ) : null}
      {list.error ? <div className="jp-datum-muted">{oneLine(list.error)}</div> : null}
      {list.loading && !before ? (
        <div className="jp-datum-muted">{trans.__('Reading …')}</div>
      ) : null}
    </div>
  );
}

/** The list that is shown until this one has as much, where it is another look at the same. */
function useBefore(list: DatumsModel): DatumsModel | null {
  const shown = React.useRef(list);
  const { current } = shown;
  const same = current.run === list.run && current.filter.group === list.filter.group;
  const wanted = same ? Math.min(MOST, current.datums.length) : 0;
  const behind = list.hasMore && list.error === null && list.datums.length < wanted;
  if (!behind) {
    shown.current = list;
  }
  React.useEffect(() => {
    if (behind && !list.loading) {
      void list.more();
    }
  });
  return behind ? current : null;
}

function Row(props: IGroupProps & { datum: IDatum }): JSX.Element {
  const { trans, commands } = useHost();
  const { run, datum, chosen, onDatum } = props;
  const { project, uuid } = run;
  const { id } = datum;
  const name = datumName(trans, datum);
  const tries = Array.isArray(datum.attempts) ? datum.attempts.length : datum.attempts;
  const open = () =>
    onDatum && id !== null
      ? onDatum(id)
      : void commands
          .execute(Commands.openDatum, { project, run: uuid, datum: id })
          .catch(() => undefined);
  return (
    <button
      className="jp-datum-failed-row"
      title={name}
      aria-current={id !== null && id === chosen ? 'true' : undefined}
      onClick={open}
    >
      <Glyph state={datum.state} label={trans.__('failed')} />
      <span className="jp-datum-datum">
        <bdi>{name}</bdi>
      </span>
      {tries > 1 ? (
        <span className="jp-datum-small jp-datum-muted">{trans.__('%1 tries', count(tries))}</span>
      ) : null}
    </button>
  );
}
