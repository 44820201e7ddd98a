/** A run as a cell's output: drawn from the shared model, and from the bundle until it is there. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { IDisposable } from '@lumino/disposable';
import React from 'react';

import {
  count,
  leftAlone,
  oneLine,
  placeWord,
  rate,
  span,
  statusState,
  stateWord,
  statusWord,
  clock
} from '../panels/format';
import {
  Bar,
  byState,
  CommandButton,
  doneOf,
  FailedWord,
  StateWord,
  useHost,
  useSignals
} from '../panels/parts';
import type { IHost } from '../panels/parts';
import { later } from '../panels/later';
import { Newest, useNewest } from '../panels/newer';
import { RetryFailed } from '../panels/retry';
import { ShownWidget } from '../panels/shown';
import { Commands, ENDED, MIME_TYPE } from '../tokens';
import type { IBundle, ICounts, IGroup, IHeldRun, IRunModel, IRunsModel } from '../tokens';

const Said = later(async () => (await import('../panels/said')).Said);

/** Groups that are listed; the others are counted. */
const GROUPS = 5;
const UUID = /^[0-9a-f]{32}$/;

/** Read a bundle: it comes from a file, and may be anything. */
export function readBundle(data: unknown): IBundle | null {
  const bundle = data as Partial<IBundle> | null;
  const ids = bundle && UUID.test(String(bundle.project)) && UUID.test(String(bundle.run));
  if (!ids || typeof bundle?.counts !== 'object' || bundle.counts === null) {
    return null;
  }
  const counts = Object.fromEntries(
    Object.entries(bundle.counts).filter(([, n]) => Number.isFinite(n) && Number(n) >= 0)
  );
  return {
    project: bundle.project as string,
    run: bundle.run as string,
    name: String(bundle.name ?? ''),
    status: bundle.status ?? 'running',
    counts: { total: 0, ...counts }
  };
}

/** Draws our type; text only. */
export class RunOutput extends ShownWidget implements IRenderMime.IRenderer {
  constructor(
    host: IHost,
    private readonly _runs: IRunsModel
  ) {
    super(host);
    this.addClass('jp-datum-output');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const bundle = readBundle(model.data[MIME_TYPE]);
    const before = this._bundle;
    this._bundle = bundle;
    this._text = String(model.data['text/plain'] ?? '');
    if (bundle?.run !== before?.run || bundle?.project !== before?.project) {
      this._held?.dispose();
      this._watched?.dispose();
      this._held = bundle ? this._runs.hold(bundle.project, bundle.run) : null;
      this._watched = bundle ? this._runs.watch(bundle.project) : null;
    }
    this.update();
  }

  override dispose(): void {
    this._held?.dispose();
    this._held = null;
    this._watched?.dispose();
    super.dispose();
  }

  protected view(): JSX.Element {
    if (!this._bundle || !this._held) {
      return <pre>{this._text}</pre>;
    }
    return <OutputView bundle={this._bundle} run={this._held.model} runs={this._runs} />;
  }

  private _bundle: IBundle | null = null;
  private _held: IHeldRun | null = null;
  private _text = '';
  private _watched: IDisposable | null = null;
}

/** The run: words, bar, groups, buttons. */
export function OutputView(props: {
  bundle: IBundle;
  run: IRunModel;
  runs: IRunsModel;
}): JSX.Element {
  const { trans } = useHost();
  const { bundle, run, runs } = props;
  useSignals(run.changed);
  const newest = useNewest(run, runs);
  const counts: Partial<ICounts> = run.counts ?? bundle.counts;
  const total = run.counts ? run.total : bundle.counts.total;
  const status = run.counts?.status ?? bundle.status;
  const parts = byState(counts, total);
  const args = { project: bundle.project, run: bundle.run };
  return (
    <>
      <div className="jp-datum-row jp-datum-output-words">
        <Words run={run} counts={counts} status={status} parts={parts} total={total} />
        <span className="jp-datum-grow" />
        <span className="jp-datum-muted">
          <Pace run={run} total={total} />
        </span>
      </div>
      <Bar counts={counts} total={total} />
      <Groups run={run} groups={run.groups} />
      <Said run={run} output={newest ? 'old' : 'newest'} />
      <div className="jp-datum-actions">
        {/* What a newer run has to retry stands there. */}
        {parts.failed && ENDED.has(status) && !newest ? (
          <RetryFailed {...args} failed={parts.failed} why={run.error ?? run.info?.retryable} />
        ) : null}
        <CommandButton
          command={Commands.openPanel}
          args={{ name: bundle.name }}
          icon="open"
          label={trans.__('Show in panel')}
        />
        <Newest run={run} newest={newest} />
      </div>
    </>
  );
}

function Words(props: {
  run: IRunModel;
  counts: Partial<ICounts>;
  status: IBundle['status'];
  parts: ReturnType<typeof byState>;
  total: number;
}): JSX.Element {
  const { trans } = useHost();
  const { run, counts, status, parts, total } = props;
  const left = leftAlone(run.info, parts.skipped);
  const unchanged = parts.skipped - left;
  const plain = status === 'success' && parts.success > 0;
  const done = doneOf(parts, total);
  const word = ENDED.has(status)
    ? statusWord(trans, status)
    : trans.__('%1: %2 of %3', statusWord(trans, status), count(done), count(total));
  // Its ledger is not here: what was saved of it says nothing of now.
  const unknown = run.error !== null && !run.counts && !ENDED.has(status);
  return (
    <>
      {unknown ? (
        <span className="jp-datum-muted" title={oneLine(run.error ?? '')}>
          {trans.__(
            '%1 of %2 when this was saved; nothing more is known here',
            count(done),
            count(total)
          )}
        </span>
      ) : status !== 'failed' && !plain ? (
        <StateWord state={statusState(status)} word={word} />
      ) : null}
      {parts.failed ? <FailedWord counts={counts} /> : null}
      {parts.success && ENDED.has(status) ? (
        <StateWord state="success" word={trans.__('%1 success', count(parts.success))} />
      ) : null}
      {(['recovered', 'cancelled'] as const).map(state =>
        parts[state] && ENDED.has(status) ? (
          <StateWord
            key={state}
            state={state}
            word={`${count(parts[state])} ${stateWord(trans, state)}`}
          />
        ) : null
      )}
      {unchanged ? (
        <StateWord state="skipped" word={trans.__('%1 skipped (unchanged)', count(unchanged))} />
      ) : null}
      {left ? (
        <StateWord
          state="skipped"
          word={trans._n('1 left as it is', '%2 left as they are', left, count(left))}
        />
      ) : null}
    </>
  );
}

function Pace(props: { run: IRunModel; total: number }): JSX.Element {
  const { trans } = useHost();
  const { run, total } = props;
  const { counts, info, eta } = run;
  const began = info?.started ?? info?.requested;
  if (counts?.ended && began) {
    const took = span(counts.ended - began);
    return <>{trans._n('1 datum in %3', '%2 datums in %3', total, count(total), took)}</>;
  }
  const words = [
    counts?.status === 'running' && run.rate > 0 ? trans.__('%1/s', rate(run.rate)) : '',
    eta ? trans.__('left %1', clock(eta[0])) : ''
  ];
  return <>{words.filter(Boolean).join(' · ')}</>;
}

function Groups(props: { run: IRunModel; groups: readonly IGroup[] }): JSX.Element | null {
  const { trans, commands } = useHost();
  const { run, groups } = props;
  if (!groups.length) {
    return null;
  }
  const more = groups.length - GROUPS + (run.other?.groups ?? 0);
  return (
    <ul className="jp-datum-output-groups">
      {groups.slice(0, GROUPS).map(group => (
        <li key={group.id}>
          <b className="jp-datum-bad">{count(group.datums)}</b>
          <span className="jp-datum-cut jp-datum-grow">
            <code>{oneLine(group.type)}</code> {oneLine(group.message)}
          </span>
          <span className="jp-datum-muted">{placeWord(trans, group.place)}</span>
          {group.sample !== null ? (
            <button
              className="jp-datum-link"
              onClick={() =>
                void commands
                  .execute(Commands.openDatum, {
                    project: run.project,
                    run: run.uuid,
                    datum: group.sample
                  })
                  .catch(() => undefined)
              }
            >
              {trans.__('open')}
            </button>
          ) : null}
        </li>
      ))}
      {more > 0 ? (
        <li className="jp-datum-muted">{trans._n('and 1 more', 'and %1 more', more)}</li>
      ) : null}
    </ul>
  );
}
