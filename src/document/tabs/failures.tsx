/** Groups of failures, the datums of one, and one datum beside them. */
import React from 'react';

import type { DocumentModel } from '../../models/document';
import { DatumView } from '../../panels/datumview';
import { FailuresView } from '../../panels/failures';
import { useHost, useSignals } from '../../panels/parts';
import { useWhyNot } from '../../panels/retry';
import { Commands } from '../../tokens';
import { Nothing } from '../nothing';
import type { ITabProps } from '../tab';

export default function FailuresTab(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { model } = props;
  const { run, datum } = model;
  useSignals(model.changed, run.changed);
  useFirst(model);
  useFresh(model);
  const node = useKeys(model);
  const shown = datum.datum?.id ?? null;
  if (!run.counts?.failed && datum.wanted === undefined) {
    return (
      <div className="jp-datum-failures-none" ref={node}>
        <Nothing
          says={trans.__('No datum has failed.')}
          more={trans.__('What has failed is shown here, with the lines of your code.')}
        />
      </div>
    );
  }
  return (
    <div className="jp-datum-beside jp-datum-failures" ref={node}>
      <div className="jp-datum-list">
        <FailuresView
          run={run}
          source={model.requests}
          onOpen={id => model.go({ datum: id })}
          chosen={shown}
          group={model.group}
          onGroup={group => model.go({ group })}
        />
        {run.counts?.failed ? <Foot /> : null}
      </div>
      <div className="jp-datum-detail">
        {datum.datum || datum.pending || datum.error ? (
          <DatumView model={datum} run={run} />
        ) : (
          <p className="jp-datum-body jp-datum-muted">{trans.__('Choose a failed datum.')}</p>
        )}
      </div>
    </div>
  );
}

function Foot(): JSX.Element {
  const { trans } = useHost();
  const keys = [
    ['N', trans.__('next')],
    ['P', trans.__('previous')],
    ['R', trans.__('retry')],
    ['O', trans.__('open in notebook')]
  ];
  return (
    <div className="jp-datum-foot jp-datum-small jp-datum-muted">
      <p>
        {trans.__(
          'Grouped by type, last line of your code, and message with numbers and paths masked. Counts are exact.'
        )}
      </p>
      <p>
        {keys.map(([key, word]) => (
          <span key={key} className="jp-datum-hint">
            <kbd>{key}</kbd> {word}
          </span>
        ))}
      </p>
    </div>
  );
}

/** Where nothing is chosen yet, the largest group is open, and one of its datums shown. */
function useFirst(model: DocumentModel): void {
  const { run, datum } = model;
  const group = run.groups.find(one => !one.expected) ?? run.groups[0];
  const none = datum.wanted === undefined;
  const done = React.useRef(false);
  React.useEffect(() => {
    if (done.current || !group) {
      return;
    }
    done.current = true;
    if (none && model.group === null) {
      model.go({ group: group.id, datum: group.sample ?? undefined });
    }
  }, [group?.id]);
  // The group of the datum that is shown is open, when another one comes to be shown.
  const shown = datum.datum;
  React.useEffect(() => {
    if (shown?.group && shown.state === 'failed' && shown.run === run.uuid) {
      model.go({ group: shown.group });
    }
  }, [shown?.id]);
}

/** A datum that is tried again while it is shown is read again when it has ended. */
function useFresh(model: DocumentModel): void {
  const { run, datum } = model;
  const at = datum.datum?.position;
  const state = at === undefined ? undefined : run.states[at];
  const before = React.useRef<[number | undefined, number | undefined]>([at, state]);
  React.useEffect(() => {
    const [position, then] = before.current;
    before.current = [at, state];
    if (position === at && then !== undefined && then !== state && !run.ended) {
      void datum.refresh();
    }
  }, [at, state]);
}

/**
 * Keys for the datum that is shown, wherever the focus is in the document; where one types they
 * are letters. (N and P are shortcuts of commands, which the user may set.)
 */
function useKeys(model: DocumentModel): React.RefObject<HTMLDivElement> {
  const node = React.useRef<HTMLDivElement>(null);
  const { commands } = useHost();
  const { run, datum, project } = model;
  const why = useWhyNot(run);
  const execute = (command: string) => {
    const id = datum.datum?.id;
    if (id && datum.datum?.state === 'failed' && commands.hasCommand(command)) {
      const args = { project, run: String(datum.datum.run), datum: id };
      void commands.execute(command, args).catch(() => undefined);
    }
  };
  const keys: Record<string, () => void> = {
    r: () => (why ? undefined : execute(Commands.retryDatum)),
    o: () => execute('datum:open-in-notebook')
  };
  const onKey = (event: KeyboardEvent) => {
    const { altKey, ctrlKey, metaKey, shiftKey, target } = event;
    const typing = (target as HTMLElement).closest('input, textarea, select, [contenteditable]');
    const act = keys[event.key.toLowerCase()];
    if (act && !altKey && !ctrlKey && !metaKey && !shiftKey && !typing) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  const latest = React.useRef(onKey);
  latest.current = onKey;
  React.useEffect(() => {
    const whole = node.current?.closest<HTMLElement>('.jp-datum-document');
    const hear = (event: KeyboardEvent) => latest.current(event);
    whole?.addEventListener('keydown', hear);
    return () => whole?.removeEventListener('keydown', hear);
  }, []);
  return node;
}
