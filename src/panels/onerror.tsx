/** What failed datums do to the others: chosen for the next run, or changed while one goes on. */
import React from 'react';

import { Commands } from '../tokens';
import { Choices, Entry, Field } from './controls';
import type { IFieldProps } from './fields';
import { useHost } from './parts';

type Kind = 'continue' | 'bound' | 'stop';

/** Failed datums, or percent of those that are done. */
const BOUND = /^([1-9][0-9]{0,6}|[0-9]{1,2}(\.[0-9]+)?%|100%)$/;
const USUAL = '5%';

function kindOf(rule: string): Kind {
  return rule === 'stop' ? 'stop' : rule.startsWith('stop:') ? 'bound' : 'continue';
}

/** The three ways, and the bound of the second. */
export function OnErrorField(props: IFieldProps): JSX.Element {
  const { trans, commands } = useHost();
  const { live, once, options, onChoose } = props;
  const [asked, ask] = React.useState<string | null>(null);
  const info = live?.info;
  const told = live ? (info?.options?.on_error ?? info?.cell?.on_error ?? 'continue') : null;
  React.useEffect(() => ask(null), [told, live]);
  const rule = live ? (asked ?? told!) : (once.onError ?? options.on_error ?? 'continue');
  const kind = kindOf(rule);
  const bound = kind === 'bound' ? rule.slice('stop:'.length) : USUAL;
  const set = (next: string) => {
    if (!live) {
      onChoose({ onError: next });
      return;
    }
    ask(next);
    const args = { project: live.project, run: live.uuid, rule: next };
    void commands.execute(Commands.onError, args).catch(() => ask(null));
  };
  const rules: Record<Kind, string> = {
    continue: 'continue',
    bound: `stop:${bound}`,
    stop: 'stop'
  };
  return (
    <Field name={trans.__('On error')}>
      {by => (
        <>
          <Choices
            by={by}
            kind="radio"
            onChoose={value => set(rules[value])}
            choices={[
              {
                value: 'continue',
                label: trans.__('continue'),
                title: trans.__('A failed datum stops no other'),
                on: kind === 'continue'
              },
              {
                value: 'bound',
                label: kind === 'bound' ? trans.__('stop at') : trans.__('stop at %1', USUAL),
                title: trans.__('Starts no more once so many have failed: a number, or percent'),
                on: kind === 'bound'
              },
              {
                value: 'stop',
                label: trans.__('stop'),
                title: live
                  ? trans.__('Starts no more at the next failure')
                  : trans.__('Starts no more once one has failed'),
                on: kind === 'stop'
              }
            ]}
          />
          {kind === 'bound' ? (
            <Entry
              by={by}
              value={bound}
              wrong={text =>
                BOUND.test(text) ? null : trans.__('A number of datums, or percent: 100 or 5%')
              }
              onEnter={text => set(`stop:${text || USUAL}`)}
            />
          ) : null}
        </>
      )}
    </Field>
  );
}
