/** How long datums took, which took longest, and who worked when. */
import React from 'react';

import { Histogram } from '../charts/histogram';
import { shortSpan } from '../charts/scale';
import { SlowestTable } from '../charts/slowest';
import { Deaths, Timeline } from '../charts/timeline';
import { Instead, Known, useLater, useTiming } from '../charts/timing';
import { count } from '../../panels/format';
import { useClock, useHost, useSignals } from '../../panels/parts';
import type { ITiming } from '../../tokens';
import { Commands } from '../../tokens';
import type { ITabProps } from '../tab';

/** Seconds that the timeline can show; 0: all of the run. */
const WINDOWS = [30, 300, 0];

export default function TimingTab(props: ITabProps): JSX.Element {
  const { model } = props;
  const { run } = model;
  const [window, setWindow] = React.useState<number | null>(null);
  useSignals(run.changed);
  // What has ended is looked at as a whole, what goes on as of now.
  const wanted = window ?? (run.ended ? 0 : 30);
  const [timing, ref] = useTiming(model, run.counts ? wanted : null);
  const { answer } = timing;
  useClock(!run.ended);
  const later = useLater(answer);
  return (
    <div ref={ref} className="jp-datum-view">
      <Instead model={model} timing={timing} />
      {answer ? (
        <div className="jp-datum-split">
          <div className="jp-datum-stack">
            <Durations timing={answer} />
            {answer.timeline?.lanes.length ? (
              <Lanes {...props} timing={answer} window={wanted} onWindow={setWindow} />
            ) : null}
          </div>
          {answer.slowest.length || answer.running.length ? (
            <Slowest {...props} timing={answer} later={later} />
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function Durations(props: { timing: ITiming }): JSX.Element | null {
  const { trans } = useHost();
  const { timing } = props;
  const { histogram, times } = timing;
  if (!histogram || !times) {
    return null;
  }
  const n = times.datums;
  const log = Math.max(...histogram.counts) > 40;
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans._n('Duration of 1 datum', 'Duration of %2 datums', n, count(n))}</span>
        <span className="jp-datum-remark">
          {log ? trans.__('log scale, both axes') : trans.__('log scale of time')}
          {' · '}
          <Known timing={timing} />
        </span>
      </h2>
      <Histogram columns={histogram} times={times} />
    </section>
  );
}

function Slowest(props: ITabProps & { timing: ITiming; later: number }): JSX.Element {
  const { trans, commands } = useHost();
  const { model, timing, later } = props;
  const { project, uuid: run } = model.run;
  const filter = `dur:>${shortSpan(timing.times?.p95 ?? 0).replace(' ', '')}`;
  const all = () =>
    void commands
      .execute(Commands.openRun, { project, run, tab: 'table', filter })
      .catch(() => undefined);
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Slowest')}</span>
        <span className="jp-datum-remark">
          {timing.times && !filter.includes('µ') ? (
            <button className="jp-datum-link" onClick={all}>
              {trans.__('above p95 in Table')}
            </button>
          ) : null}
        </span>
      </h2>
      <SlowestTable project={project} run={run} timing={timing} later={later} />
    </section>
  );
}

function Lanes(
  props: ITabProps & { timing: ITiming; window: number; onWindow: (seconds: number) => void }
): JSX.Element | null {
  const { trans } = useHost();
  const { model, timing, window, onWindow } = props;
  const { timeline } = timing;
  const { project, uuid: run } = model.run;
  if (!timeline) {
    return null;
  }
  const each =
    timeline.width === null
      ? trans.__('1 bar = 1 datum, not sampled')
      : trans.__('1 bar = %1, faint where idle; not sampled', shortSpan(timeline.width));
  const more = timeline.more
    ? trans._n('1 worker is not shown', '%1 workers are not shown', timeline.more)
    : null;
  return (
    <section>
      <h2 className="jp-datum-view-title">
        <span>{trans.__('Workers')}</span>
        <span className="jp-datum-window" role="group" aria-label={trans.__('Time that is shown')}>
          {WINDOWS.map(seconds => (
            <button
              key={seconds}
              className="jp-datum-button"
              aria-pressed={seconds === window}
              onClick={() => onWindow(seconds)}
            >
              {seconds ? trans.__('last %1', shortSpan(seconds)) : trans.__('whole run')}
            </button>
          ))}
        </span>
        <Deaths timing={timing} since={timeline.since} />
        <span className="jp-datum-remark">{[each, more].filter(Boolean).join(' · ')}</span>
      </h2>
      <Timeline project={project} run={run} timing={timing} timeline={timeline} />
    </section>
  );
}
