/** Failures by group, the datums of a group, and what runs them again. */
import React from 'react';

import type { RunModel } from '../models/run';
import { Commands } from '../tokens';
import type { IGroup } from '../tokens';
import { count } from './format';
import type { DatumSource } from './group';
import { Icon } from '../icons';
import { later } from './later';
import { CommandButton, useHost, useSignals } from './parts';
import { RetryFailed, useEdited } from './retry';
import { stillBusy, whyNot } from './why';

export type { DatumSource } from './group';
export { whyNot } from './why';

/** Comes with the first failure. */
const GroupRow = later(async () => (await import('./group')).GroupRow);

/** Groups shown before one asks for more. */
const FIRST = 12;

/** The button that runs all failed datums again. */
export function RetryButton(props: { run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const failed = run.counts?.failed ?? 0;
  const edited = useEdited(run.project, run.uuid);
  const [open, setOpen] = React.useState(false);
  if (!failed) {
    return null;
  }
  const args = { project: run.project, run: run.uuid };
  const recorded = whyNot(trans, run);
  return (
    <span className="jp-datum-retry">
      <RetryFailed {...args} failed={failed} busy={stillBusy(trans, run)} why={recorded} />
      {edited ? (
        <button
          className="jp-datum-button"
          data-kind="icon"
          aria-label={trans.__('More ways to retry')}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          ▾
        </button>
      ) : null}
      {edited && open ? (
        <span className="jp-datum-menu" onClick={() => setOpen(false)}>
          <CommandButton
            command={Commands.retryRecorded}
            args={args}
            why={recorded}
            label={trans.__('Retry %1 with the recorded code', count(failed))}
          />
        </span>
      ) : null}
    </span>
  );
}

/** What stands in the section's header. */
export function FailuresSummary(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const failed = run.counts?.failed ?? 0;
  const groups = run.groups.length + (run.other?.groups ?? 0);
  const expected = run.counts?.expected ?? 0;
  if (!failed) {
    return <>{trans.__('none')}</>;
  }
  return (
    <>
      {count(failed)}
      {expected ? <span>{`· ${trans.__('%1 expected', count(expected))}`}</span> : null}
      <span className="jp-datum-wide">
        {trans._n('in 1 group', 'in %2 groups', groups, count(groups))}
      </span>
    </>
  );
}

interface IFailuresProps {
  run: RunModel;
  source: DatumSource;
  /** Where a datum is shown, if not on a page of its own; and which one is. */
  onOpen?: (datum: number) => void;
  chosen?: number | null;
  /** The group that is open, where that is kept elsewhere. */
  group?: number | null;
  onGroup?: (group: number | null) => void;
}

/** The groups, largest first; those that are expected are folded below the others. */
export function FailuresView(props: IFailuresProps): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  const [all, setAll] = React.useState(false);
  const { groups, other } = run;
  if (!run.counts?.failed) {
    return <div className="jp-datum-body jp-datum-muted">{trans.__('No datum has failed.')}</div>;
  }
  const told = groups.filter(group => !group.expected);
  const shown = all ? told : told.slice(0, FIRST);
  const hidden = told.length - shown.length;
  return (
    <>
      <Groups {...props} groups={shown} label={trans.__('Failures by kind')} />
      {hidden > 0 ? (
        <button className="jp-datum-link jp-datum-more" onClick={() => setAll(true)}>
          {trans._n('1 more group', '%1 more groups', hidden)}
        </button>
      ) : null}
      {other && all ? (
        <div className="jp-datum-more jp-datum-muted">
          {trans._n(
            '%3 in 1 further group',
            '%3 in %2 further groups',
            other.groups,
            count(other.groups),
            trans._n('1 datum', '%2 datums', other.datums, count(other.datums))
          )}
        </div>
      ) : null}
      <Expected {...props} groups={groups.filter(group => group.expected)} />
    </>
  );
}

/** Failures that somebody expects: failed all the same, and out of the way. */
function Expected(props: IFailuresProps & { groups: readonly IGroup[] }): JSX.Element | null {
  const { trans } = useHost();
  const { groups } = props;
  const [open, setOpen] = React.useState(false);
  const one = groups.find(group => group.id === props.group)?.id;
  React.useEffect(() => setOpen(was => was || one !== undefined), [one]);
  if (!groups.length) {
    return null;
  }
  const datums = groups.reduce((sum, group) => sum + group.datums, 0);
  return (
    <>
      <button
        className="jp-datum-fold jp-datum-expected-fold"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? 'down' : 'right'} />
        {trans._n(
          '%2 expected, in 1 group',
          '%2 expected, in %1 groups',
          groups.length,
          count(datums)
        )}
      </button>
      {open ? <Groups {...props} groups={groups} label={trans.__('Expected failures')} /> : null}
    </>
  );
}

function Groups(
  props: IFailuresProps & { groups: readonly IGroup[]; label: string }
): JSX.Element | null {
  const { run, source, groups, label, chosen, onOpen, onGroup } = props;
  const [own, setOwn] = React.useState<number | null>(null);
  React.useEffect(() => setOwn(null), [run]);
  const open = onGroup ? (props.group ?? null) : own;
  const setOpen = onGroup ?? setOwn;
  if (!groups.length) {
    return null;
  }
  return (
    <div className="jp-datum-groups" role="list" aria-label={label}>
      {groups.map(group => (
        <GroupRow
          key={group.id}
          run={run}
          group={group}
          source={source}
          open={open === group.id}
          onOpen={() => setOpen(open === group.id ? null : group.id)}
          chosen={chosen}
          onDatum={onOpen}
        />
      ))}
    </div>
  );
}
