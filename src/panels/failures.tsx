/** Failures by group, the datums of a group, and what runs them again. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { DatumsModel } from '../models/datums';
import type { PanelModel } from '../models/panel';
import type { RunModel } from '../models/run';
import type { Requests } from '../requests';
import { Commands } from '../tokens';
import type { IGroup, Status } from '../tokens';
import { count, datumName, oneLine } from './format';
import { CommandButton, useHost, useSignals } from './parts';

/** Groups shown before one asks for more. */
const FIRST = 12;

/** While a run is at it, its failed datums may still be tried again by itself. */
const BUSY: ReadonlySet<Status> = new Set<Status>(['queued', 'running', 'held', 'cancelling']);

/** Why no retry of a run can begin while it goes on. */
function stillBusy(trans: TranslationBundle, run: RunModel): string | null {
  return BUSY.has(run.counts?.status ?? 'running')
    ? trans.__('The run has not ended yet: wait for it, or stop it first')
    : null;
}

/** Why nothing of a run can be tried again with its recorded code. */
export function whyNot(trans: TranslationBundle, run: RunModel): string | null {
  return stillBusy(trans, run) ?? run.info?.retryable ?? null;
}

/** How lists of datums are got: the widget around has the connection. */
export type DatumSource = Pick<Requests, 'datums'>;

/** The button that runs all failed datums again. */
export function RetryButton(props: { panel: PanelModel; run: RunModel }): JSX.Element | null {
  const { trans } = useHost();
  const { panel, run } = props;
  useSignals(run.changed);
  const failed = run.counts?.failed ?? 0;
  const [open, setOpen] = React.useState(false);
  if (!failed) {
    return null;
  }
  const args = { project: run.project, run: run.uuid };
  const edited = panel.edited === true;
  const recorded = whyNot(trans, run);
  const no = edited ? stillBusy(trans, run) : recorded;
  return (
    <span className="jp-datum-retry">
      <CommandButton
        command={Commands.retryFailed}
        args={args}
        icon="retry"
        kind="bad"
        why={no}
        title={
          edited
            ? trans.__('Runs the edited cell in the kernel, for the failed datums only')
            : trans.__('Runs the failed datums again with the recorded code; needs no kernel')
        }
        label={
          edited
            ? trans.__('Retry %1 with the edited cell', count(failed))
            : trans.__('Retry %1', count(failed))
        }
      />
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
  if (!failed) {
    return <>{trans.__('none')}</>;
  }
  return (
    <>
      {count(failed)}
      <span className="jp-datum-wide">{trans._n('in 1 group', 'in %1 groups', groups)}</span>
    </>
  );
}

/** The groups, largest first. */
export function FailuresView(props: {
  run: RunModel;
  source: DatumSource;
  /** Where a datum is shown, if not on a page of its own. */
  onOpen?: (datum: number) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { run, source, onOpen } = props;
  useSignals(run.changed);
  const [all, setAll] = React.useState(false);
  const [open, setOpen] = React.useState<number | null>(null);
  React.useEffect(() => setOpen(null), [run]);
  const { groups, other } = run;
  if (!run.counts?.failed) {
    return <div className="jp-datum-body jp-datum-muted">{trans.__('No datum has failed.')}</div>;
  }
  const shown = all ? groups : groups.slice(0, FIRST);
  const hidden = groups.length - shown.length;
  return (
    <div className="jp-datum-groups" role="list" aria-label={trans.__('Failures by kind')}>
      {shown.map(group => (
        <GroupRow
          key={group.id}
          run={run}
          group={group}
          source={source}
          open={open === group.id}
          onOpen={() => setOpen(open === group.id ? null : group.id)}
          onDatum={onOpen}
        />
      ))}
      {hidden > 0 ? (
        <button className="jp-datum-link jp-datum-more" onClick={() => setAll(true)}>
          {trans._n('1 more group', '%1 more groups', hidden)}
        </button>
      ) : null}
      {other && all ? (
        <div className="jp-datum-more jp-datum-muted">
          {trans.__('%1 datums in %2 further groups', count(other.datums), count(other.groups))}
        </div>
      ) : null}
    </div>
  );
}

function GroupRow(props: {
  run: RunModel;
  group: IGroup;
  source: DatumSource;
  open: boolean;
  onOpen: () => void;
  onDatum?: (datum: number) => void;
}): JSX.Element {
  const { trans } = useHost();
  const { run, group, source, open, onOpen, onDatum } = props;
  const args = { project: run.project, run: run.uuid };
  const one = group.workers.length === 1 && group.datums > 2;
  const where = [group.place, one ? trans.__('one worker only') : null].filter(Boolean).join(' · ');
  const type = oneLine(group.type);
  const no = whyNot(trans, run);
  return (
    <div className="jp-datum-group" role="listitem" data-open={open}>
      <div className="jp-datum-group-row">
        <span className="jp-datum-group-count">{count(group.datums)}</span>
        <button className="jp-datum-group-text" aria-expanded={open} onClick={onOpen}>
          <span className="jp-datum-two-lines">
            <code>{type}</code> {oneLine(group.message)}
          </span>
          {where ? <span className="jp-datum-small jp-datum-muted">{oneLine(where)}</span> : null}
        </button>
        <span className="jp-datum-group-actions">
          {group.sample !== null ? (
            <CommandButton
              command={Commands.openDatum}
              args={{ ...args, datum: group.sample }}
              icon="open"
              kind="icon"
              label={trans.__('Open a failed datum of this group')}
            />
          ) : null}
          <CommandButton
            command={Commands.retryGroup}
            args={{ ...args, group: group.id }}
            icon="retry"
            kind="icon"
            why={no}
            label={trans.__('Retry these %1 with the recorded code', count(group.datums))}
          />
        </span>
      </div>
      {open ? <GroupDatums run={run} group={group} source={source} onDatum={onDatum} /> : null}
    </div>
  );
}

function GroupDatums(props: {
  run: RunModel;
  group: IGroup;
  source: DatumSource;
  onDatum?: (datum: number) => void;
}): JSX.Element {
  const { trans, commands } = useHost();
  const { run, group, source, onDatum } = props;
  const list = React.useMemo(
    () => new DatumsModel(source, run.project, run.uuid, { group: group.id, state: 'failed' }),
    [run, group.id, source]
  );
  // The group counts what failed in its run; the list is of those that no later run has taken.
  const since = run.ended && list.whole ? group.datums - list.datums.length : 0;
  useSignals(list.changed);
  const { project, uuid } = run;
  const open = (datum: number | null) =>
    onDatum && datum !== null
      ? onDatum(datum)
      : void commands
          .execute(Commands.openDatum, { project, run: uuid, datum })
          .catch(() => undefined);
  return (
    <div className="jp-datum-datums">
      {list.datums.map(datum => (
        <button
          key={datum.id}
          className="jp-datum-datum"
          title={datumName(trans, datum)}
          onClick={() => open(datum.id)}
        >
          <bdi>{datumName(trans, datum)}</bdi>
        </button>
      ))}
      {since > 0 ? (
        <div className="jp-datum-muted">
          {trans._n('1 has run again since', '%1 have run again since', since)}
        </div>
      ) : null}
      {list.error ? <div className="jp-datum-muted">{oneLine(list.error)}</div> : null}
      {list.loading ? <div className="jp-datum-muted">{trans.__('Reading …')}</div> : null}
      {list.hasMore && !list.loading && list.datums.length ? (
        <button className="jp-datum-link" onClick={() => void list.more()}>
          {trans.__('more')}
        </button>
      ) : null}
    </div>
  );
}
