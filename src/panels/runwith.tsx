/** What the chosen transform runs with: engine, workers, which datums, what failures do. */
import React from 'react';

import type { ChoicesModel } from '../models/choices';
import { byWord } from '../models/due';
import type { EnginesModel } from '../models/engines';
import type { PanelModel } from '../models/panel';
import type { PlansModel } from '../models/plans';
import type { RunModel } from '../models/run';
import { Choices, Entry, Field } from './controls';
import { EngineField } from './enginefield';
import { liveOf, useLocked } from './fields';
import type { IFieldProps } from './fields';
import { count, figure, oneLine } from './format';
import { OnErrorField } from './onerror';
import { useHost, useRead, useSignals } from './parts';
import { WorkersField } from './workersfield';

/** What the section is made of. */
export interface IRunWithProps {
  panel: PanelModel;
  plans: PlansModel;
  choices: ChoicesModel;
  engines: EnginesModel;
}

/** What stands in the section's header. */
export function RunWithSummary(props: Pick<IRunWithProps, 'panel' | 'choices'>): JSX.Element {
  const { trans } = useHost();
  const { panel, choices } = props;
  useSignals(panel.changed, choices.changed);
  if (useRead(() => liveOf(panel) !== null, panel.run?.changed)) {
    return <span className="jp-datum-wide">{trans.__('workers and on error act live')}</span>;
  }
  const { engine, workers, which } = choices.of(panel.selected ?? '');
  const words = [
    engine ? oneLine(engine) : '',
    workers ? trans._n('1 worker', '%2 workers', workers, count(workers)) : '',
    which && which !== 'due' ? (which === 'all' ? trans.__('all again') : trans.__('some')) : ''
  ].filter(Boolean);
  return <>{words.length ? words.join(' · ') : trans.__('as in the cell')}</>;
}

/** What the fields show of a run that goes on; its figures, which change all the time, are none of it. */
function ofRun(live: RunModel | null): string {
  const { counts, info, cluster, workers } = live ?? {};
  const up = workers?.filter(worker => worker.up).length;
  return JSON.stringify([counts?.status, counts?.workers, up, cluster, info?.options]);
}

/** The fields. */
export function RunWith(props: IRunWithProps): JSX.Element | null {
  const { panel, plans, choices, engines } = props;
  useSignals(panel.changed, choices.changed, engines.changed, plans.changed);
  useRead(() => ofRun(liveOf(panel)), panel.run?.changed);
  const path = `${panel.notebook?.path} ${panel.notebook?.kernel}`;
  React.useEffect(() => engines.look(), [engines, path]);
  const { row } = panel;
  if (!row) {
    return null;
  }
  const more: IFieldProps = {
    ...{ row, choices, engines },
    live: liveOf(panel),
    once: choices.of(row.name),
    options: (liveOf(panel) ? null : row.run?.cell) ?? row.run?.options ?? {},
    onChoose: chosen => choices.choose(row.name, chosen)
  };
  return (
    <div className="jp-datum-body jp-datum-fields" key={row.name}>
      <EngineField {...more} />
      <WorkersField {...more} />
      <GpusField {...more} />
      <DatumsField {...more} plans={plans} />
      <OnErrorField {...more} />
      <More {...more} />
    </div>
  );
}

const GPUS = ['1', '2', '0.5', '0.25', 'auto'] as const;

/** Devices; where this machine has none, and none is asked for, there is nothing to choose. */
function GpusField(props: IFieldProps): JSX.Element | null {
  const { trans } = useHost();
  const { engines, once, options, live, onChoose } = props;
  const locked = useLocked(live);
  const devices = engines.known?.devices ?? 0;
  const set = options.gpus ? String(options.gpus) : '';
  if (!devices && !set && !once.gpus) {
    return null;
  }
  return (
    <Field name={trans.__('GPUs each')} locked={locked}>
      {by => (
        <>
          <select
            aria-labelledby={by}
            disabled={Boolean(locked)}
            value={live ? '' : (once.gpus ?? '')}
            onChange={event => onChoose({ gpus: event.target.value || undefined })}
          >
            <option value="">
              {set ? trans.__('as in the cell (%1)', oneLine(set)) : trans.__('none')}
            </option>
            {GPUS.map(value => (
              <option key={value} value={value}>
                {value === 'auto' ? trans.__('auto: one if there is any') : value}
              </option>
            ))}
          </select>
          {devices ? (
            <span className="jp-datum-muted">{trans._n('of 1', 'of %1', devices)}</span>
          ) : null}
        </>
      )}
    </Field>
  );
}

type Word = 'new' | 'failed' | 'stale' | 'all';
const SOME: readonly Word[] = ['new', 'failed', 'stale'];

/** Which datums: with how many, where a plan says so. */
function DatumsField(props: IFieldProps & { plans: PlansModel }): JSX.Element {
  const { trans } = useHost();
  const { row, plans, once, live, onChoose } = props;
  const locked = useLocked(live);
  const on = chosen(once.which);
  const n = plans.name === row.name && plans.plan ? byWord(plans.plan.reasons) : null;
  const total = plans.plan?.total ?? 0;
  const words: Record<Word, [string, string]> = {
    new: [trans.__('new'), trans.__('Datums that have not run yet')],
    failed: [trans.__('failed'), trans.__('Datums that have failed before')],
    stale: [trans.__('stale'), trans.__('Datums whose code or input has changed since')],
    all: [trans.__('all'), trans.__('All datums, also those that are unchanged')]
  };
  const choose = (word: Word) => onChoose({ which: toggled(on, word) });
  return (
    <Field name={trans.__('Datums')} locked={locked}>
      {by => (
        <Choices
          by={by}
          kind="checkbox"
          disabled={Boolean(locked)}
          onChoose={choose}
          choices={[...SOME, 'all' as const].map(value => {
            const many = n ? (value === 'all' ? total : n[value]) : 0;
            return {
              value,
              label: words[value][0],
              many: many ? short(many) : undefined,
              title: many ? `${words[value][1]}: ${count(many)}` : words[value][1],
              on: on.has(value)
            };
          })}
        />
      )}
    </Field>
  );
}

/** 310, 9,678, 38K: there is little room. */
function short(n: number): string {
  return n < 10_000 ? count(n) : figure(n, { notation: 'compact', maximumFractionDigits: 1 });
}

function chosen(which: string | undefined): ReadonlySet<Word> {
  switch (which ?? 'due') {
    case 'due':
      return new Set(SOME);
    case 'all':
      return new Set([...SOME, 'all']);
    case 'fresh':
      return new Set<Word>(['new', 'failed']);
    default:
      return new Set(which!.split(',') as Word[]);
  }
}

/** What `which` is when a word is pressed; one stays at least. */
export function toggled(on: ReadonlySet<Word>, word: Word): string | undefined {
  if (word === 'all') {
    return on.has('all') ? undefined : 'all';
  }
  const left = SOME.filter(one => (one === word ? on.has('all') || !on.has(one) : on.has(one)));
  if (on.has('all')) {
    return SOME.filter(one => one !== word).join(',');
  }
  return left.length === SOME.length || !left.length ? undefined : left.join(',');
}

const NUMBER = /^[1-9][0-9]{0,5}$/;
const TIME = /^[0-9]*\.?[0-9]+\s*(ms|s|min|m|h)?$/;

/** What one seldom sets. */
function More(props: IFieldProps): JSX.Element {
  const { trans } = useHost();
  const { row, choices, once, options, live, onChoose } = props;
  const locked = useLocked(live);
  const cell = trans.__('as in the cell');
  const number = (text: string) =>
    NUMBER.test(text) ? null : trans.__('A whole number, 1 or more');
  const fields = [
    ['least', trans.__('At least'), once.least ?? options.workers_min, '0',
      (t: string) => (/^[0-9]{1,5}$/.test(t) ? null : trans.__('How many workers at least')) ],
    ['batch', trans.__('Batch'), once.batch ?? options.batch, cell, number],
    ['tries', trans.__('Tries'), once.tries ?? options.tries, '3', number],
    ['timeout', trans.__('Time limit'), once.timeout ?? (options.timeout ? `${options.timeout}s` : undefined),
      trans.__('none'), (t: string) => (TIME.test(t) ? null : trans.__('A time: 30s, 500ms, 5min, 2h'))]
  ] as const; // prettier-ignore
  return (
    <details className="jp-datum-more-fields">
      <summary>{trans.__('More')}</summary>
      <div className="jp-datum-numbers">
        {fields.map(([name, label, value, hint, wrong]) => (
          <Field key={name} name={label} locked={locked}>
            {by => (
              <Entry
                by={by}
                value={value === undefined ? '' : String(value)}
                hint={hint}
                disabled={Boolean(locked)}
                wrong={wrong}
                onEnter={text =>
                  onChoose({ [name]: !text ? undefined : name === 'timeout' ? text : Number(text) })
                }
              />
            )}
          </Field>
        ))}
      </div>
      {choices.any(row.name) && !live ? (
        <button className="jp-datum-link" onClick={() => choices.reset(row.name)}>
          {trans.__('All as in the cell again')}
        </button>
      ) : null}
    </details>
  );
}
