/** The engine: which there are, whether they can be reached, and the address of another one. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Glyph } from '../icons';
import { isAddress } from '../models/cells';
import type { IRow } from '../models/rows';
import type { RunModel } from '../models/run';
import type { ICluster, IEngine, State } from '../tokens';
import { Entry, Field } from './controls';
import { useLocked } from './fields';
import type { IFieldProps } from './fields';
import { count, oneLine } from './format';
import { useHost, useSignals } from './parts';

/** The choice that stands for an address of one's own. */
const ADDRESS = ' address';

/** Names that are always there, while the interpreter has not answered. */
const USUAL = ['joblib', 'dask', 'ipyparallel', 'serial'] as const;

type Face = State | 'interrupted';

/** The engine's row, and the line below it. */
export function EngineField(props: IFieldProps): JSX.Element {
  const { trans, preferences } = useHost();
  const { engines, row, live, once, onChoose } = props;
  useSignals(preferences?.changed);
  const locked = useLocked(live);
  const [typing, type] = React.useState(false);
  const cell = engineOfCell(row);
  const before = cell ?? (preferences?.now.engine || 'joblib');
  const address = typing || isAddress(once.engine);
  const name = live ? (live.info?.engine ?? before) : (once.engine ?? before);
  const said = live ? ofCluster(trans, live) : ofEngine(trans, engines.of(name), engines.busy);
  return (
    <>
      <Field name={trans.__('Engine')} locked={locked}>
        {by => (
          <span className="jp-datum-select" data-locked={live ? true : undefined}>
            <Glyph state={said.face} label={said.word} />
            {live ? (
              <span className="jp-datum-cut" aria-labelledby={by}>
                {trans.__('%1, %2', oneLine(name), said.word)}
              </span>
            ) : (
              <select
                aria-labelledby={by}
                value={address ? ADDRESS : (once.engine ?? '')}
                onFocus={() => engines.look()}
                onChange={event => {
                  const { value } = event.target;
                  type(value === ADDRESS);
                  onChoose({ engine: value === ADDRESS ? undefined : value || undefined });
                }}
              >
                <option value="">
                  {!row.run
                    ? trans.__('as in the cell')
                    : cell === undefined && preferences?.now.engine
                      ? trans.__('as in the settings (%1)', oneLine(before))
                      : trans.__('as in the cell (%1)', oneLine(before))}
                </option>
                {listed(engines.known?.engines).map(one => (
                  <option key={one.name} value={one.name} disabled={!usable(one)}>
                    {optionText(trans, one)}
                  </option>
                ))}
                <option value={ADDRESS}>{trans.__('a running cluster …')}</option>
              </select>
            )}
          </span>
        )}
      </Field>
      {address && !live ? (
        <Field name={trans.__('Address')}>
          {by => (
            <Entry
              by={by}
              value={once.engine ?? ''}
              hint="tcp://host:8786"
              wrong={text =>
                /^\S+$/.test(text) && isAddress(text)
                  ? null
                  : trans.__('An address (tcp://host:8786) or ipyparallel:FILE.json')
              }
              onEnter={text => onChoose({ engine: text || undefined })}
            />
          )}
        </Field>
      ) : null}
      {live ? null : (
        <p className="jp-datum-field-note">{oneLine(engines.known?.problem ?? said.line)}</p>
      )}
    </>
  );
}

/** The engine that the cell of the last run names; an older server knows only what the run had. */
export function engineOfCell(row: IRow): string | undefined {
  return row.run?.cell ? row.run.cell.engine : row.run?.engine;
}

function listed(known: readonly IEngine[] | undefined): readonly IEngine[] {
  const plain = { installed: true, version: '', workers_from: '', state: '', workers: 0 };
  return known?.length ? known : USUAL.map(name => ({ name, kind: name, ...plain }));
}

function usable(engine: IEngine): boolean {
  return engine.installed;
}

function optionText(trans: TranslationBundle, engine: IEngine): string {
  const { name, installed, workers, state } = engine;
  if (!installed) {
    return trans.__('%1 (not installed)', oneLine(name));
  }
  if (state === 'ready' || state === 'connected') {
    return trans.__(
      '%1 · %2',
      oneLine(name),
      trans._n('1 worker', '%2 workers', workers, count(workers))
    );
  }
  return state ? trans.__('%1 (not reached)', oneLine(name)) : oneLine(name);
}

interface ISaid {
  face: Face;
  word: string;
  line: string;
}

/** How an engine stands that a run would have. */
function ofEngine(trans: TranslationBundle, engine: IEngine | null, busy: boolean): ISaid {
  if (!engine) {
    const word = busy ? trans.__('looking …') : trans.__('not known');
    return { face: 'pending', word, line: busy ? word : '' };
  }
  const { state, workers_from: from, version, workers } = engine;
  // The server's own word; a cluster has a name or an address of its own.
  const where = from === 'this machine' ? trans.__('this machine') : oneLine(from);
  const what = [where, oneLine(version)].filter(Boolean).join(' · ');
  if (state === 'ready') {
    return { face: 'success', word: trans.__('ready'), line: what };
  }
  if (state === 'connected') {
    const there = trans._n('1 worker is there', '%1 workers are there', workers);
    return { face: 'success', word: trans.__('connected'), line: `${what} · ${there}` };
  }
  return { face: 'interrupted', word: trans.__('not reached'), line: oneLine(state) };
}

/** How the engine of a run stands. */
function ofCluster(trans: TranslationBundle, run: RunModel): ISaid {
  const cluster: ICluster | null = run.cluster;
  const up = run.workers.filter(worker => worker.state !== 'gone' && worker.up).length;
  const n = cluster?.up ?? up;
  const many = trans._n('1 worker is up', '%1 workers are up', n);
  if (cluster?.state === 'requested' || cluster?.state === 'starting') {
    const word = cluster.wanted
      ? trans._n(
          '%3 of 1 worker is up',
          '%3 of %2 workers are up',
          cluster.wanted,
          count(cluster.wanted),
          count(cluster.up)
        )
      : many;
    return { face: 'running', word, line: '' };
  }
  return { face: n ? 'success' : 'pending', word: many, line: '' };
}
