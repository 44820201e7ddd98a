/** How many workers: chosen for the next run, or changed while one goes on. */
import React from 'react';

import { Commands } from '../tokens';
import { Entry, Field, Slider } from './controls';
import type { IFieldProps } from './fields';
import { count } from './format';
import { engineOfCell } from './enginefield';
import { useHost, useSignals } from './parts';

/** Milliseconds for which a number that was asked for is shown, if the run does not take it. */
const PATIENCE = 10_000;
/** Workers to choose from where nobody knows how many there could be. */
const GUESS = 8;

/** The slider. */
export function WorkersField(props: IFieldProps): JSX.Element {
  const { trans, commands, preferences } = useHost();
  const { engines, row, live, once, options, onChoose } = props;
  const told = live?.counts?.workers ?? 0;
  const [asked, ask] = useAsked(told);
  useSignals(preferences?.changed);
  const settings = preferences?.now;
  const usually = engineOfCell(row) ?? (settings?.engine || 'joblib');
  const name = live?.info?.engine ?? once.engine ?? usually;
  const engine = engines.of(name);
  const given = engine?.state === 'connected';
  const room = (given ? engine.workers : engines.known?.cores) || engine?.workers || GUESS;
  const all = given ? engine.workers : (engine?.workers ?? room);
  const usual = (options.workers ?? settings?.workers) || all;
  const value = live ? asked || room : (once.workers ?? usual);
  const most = Math.max(room, value, told);
  const serial = name === 'serial';
  const set = (n: number) => {
    if (!live) {
      onChoose({ workers: n });
      return;
    }
    ask(n);
    const args = { project: live.project, run: live.uuid, workers: n };
    void commands.execute(Commands.scale, args).catch(() => ask(null));
  };
  return (
    <Field name={trans.__('Workers')} locked={serial ? trans.__('Serial has one worker') : null}>
      {by => (
        <Slider
          by={by}
          value={serial ? 1 : value}
          most={serial ? 1 : most}
          text={n => trans.__('%1 of %2', count(n), count(most))}
          after={n => (
            <span className="jp-datum-of">
              {serial ? (
                count(1)
              ) : (
                <Entry
                  by={by}
                  value={String(n)}
                  wrong={typed =>
                    /^[1-9][0-9]{0,4}$/.test(typed) ? null : trans.__('A whole number, 1 or more')
                  }
                  onEnter={typed => (typed ? set(Number(typed)) : onChoose({ workers: undefined }))}
                />
              )}
              <span className="jp-datum-muted">{trans.__('of %1', count(serial ? 1 : most))}</span>
            </span>
          )}
          onRest={set}
        />
      )}
    </Field>
  );
}

/** A number as the run has it, or as it was asked for a moment ago. */
function useAsked(told: number): [number, (n: number | null) => void] {
  const [asked, setAsked] = React.useState<number | null>(null);
  React.useEffect(() => setAsked(null), [told]);
  React.useEffect(() => {
    const timer = asked === null ? 0 : window.setTimeout(() => setAsked(null), PATIENCE);
    return () => window.clearTimeout(timer);
  }, [asked]);
  return [asked ?? told, setAsked];
}
