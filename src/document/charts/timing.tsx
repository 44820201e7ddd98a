/** How the run of a document went, for the tab that is in front. */
import React from 'react';

import type { DocumentModel } from '../../models/document';
import { TimingModel } from '../../models/timing';
import { count, oneLine } from '../../panels/format';
import { Note, useHost, useSignals } from '../../panels/parts';
import type { ITiming } from '../../tokens';
import { NoDatums, Nothing } from '../nothing';
import { useShown } from './size';

/** The model, and the reference of the element that has to be in view for it to ask. */
export function useTiming(
  model: DocumentModel,
  window: number | null
): [TimingModel, React.RefObject<HTMLDivElement>] {
  const { run, requests } = model;
  const timing = React.useMemo(() => new TimingModel(run, requests), [run, requests]);
  React.useEffect(() => () => timing.dispose(), [timing]);
  React.useEffect(() => {
    timing.window = window;
  }, [timing, window]);
  const tell = React.useCallback(
    (shown: boolean) => {
      timing.shown = shown;
    },
    [timing]
  );
  useSignals(timing.changed);
  return [timing, useShown(tell)];
}

/** Seconds since the answer was made: what is at work grows older meanwhile. */
export function useLater(timing: ITiming | null): number {
  const [came, setCame] = React.useState(0);
  React.useEffect(() => setCame(Date.now()), [timing]);
  return timing && came ? Math.max(0, (Date.now() - came) / 1000) : 0;
}

/** What there is instead of a picture: an error, a wait, or nothing to be shown. */
export function Instead(props: { model: DocumentModel; timing: TimingModel }): JSX.Element | null {
  const { trans } = useHost();
  const { answer, error } = props.timing;
  if (error) {
    return <Note>{oneLine(error)}</Note>;
  }
  if (!answer) {
    return <p className="jp-datum-muted">{trans.__('Reading …')}</p>;
  }
  if (answer.times) {
    return null;
  }
  const { ended, total } = props.model.run;
  const words = !ended
    ? trans.__('No datum has come to its end yet.')
    : total
      ? trans.__('No datum was run: all were skipped or cancelled.')
      : trans.__('This run had no datums.');
  const { project, uuid } = props.model.run;
  return total ? <Nothing says={words} /> : <NoDatums project={project} run={uuid} says={words} />;
}

/** How many datums a picture is of. */
export function Known(props: { timing: ITiming }): JSX.Element {
  const { trans } = useHost();
  const { timing } = props;
  if (timing.whole) {
    return <>{trans.__('last attempt of each')}</>;
  }
  return (
    <>
      {trans.__('reading: %1 of %2, spread over all', count(timing.looked), count(timing.settled))}
    </>
  );
}
