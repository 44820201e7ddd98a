/** Who worked when: a lane a worker, a bar a datum, or a slot of time where there are too many. */
import React from 'react';

import { Glyph } from '../../icons';
import { count, datumName, oneLine, percent, share } from '../../panels/format';
import { useHost } from '../../panels/parts';
import { Commands } from '../../tokens';
import type { IAtWork, ICrew, ITimeline, ITiming, TimelineBar } from '../../tokens';

import { agoTicks, shortSpan } from './scale';
import { useWidth } from './size';

const HEIGHT = 14;
/** A bar's name is written into it where it has so much room a letter. */
const LETTER = 7;
/** Room of a named time on the axis, in pixels. */
const TICK = 56;
/** Shades of a slot: how busy it was. */
const SHADES = 4;

interface ILane {
  worker: string;
  bars: TimelineBar[];
  crew: ICrew | undefined;
  running: IAtWork | undefined;
}

/** The lanes, with their axis. */
export function Timeline(props: {
  project: string;
  run: string;
  timing: ITiming;
  timeline: ITimeline;
}): JSX.Element {
  const { trans } = useHost();
  const { timing, timeline } = props;
  const [ref, width] = useWidth(800);
  const [hint, setHint] = React.useState('');
  const lanes = timeline.lanes.map(lane => ({
    ...lane,
    crew: timing.workers.find(one => one.worker === lane.worker),
    running: timing.running.find(one => one.worker === lane.worker)
  }));
  return (
    <div className="jp-datum-timeline" role="list" aria-label={trans.__('Workers over time')}>
      {lanes.map((lane, at) => (
        <div className="jp-datum-lane" role="listitem" key={lane.worker}>
          <span className="jp-datum-cut" title={oneLine(lane.worker)}>
            {oneLine(lane.worker)}
          </span>
          <div ref={at === 0 ? ref : undefined}>
            <LaneView {...props} lane={lane} width={width} onHint={setHint} />
          </div>
          <span className="jp-datum-right jp-datum-muted">
            {lane.crew?.busy === null || lane.crew === undefined
              ? ''
              : trans.__('%1 busy', share(lane.crew.busy))}
          </span>
        </div>
      ))}
      <Ago {...{ timeline, width, hint }} going={timing.running.length > 0} />
    </div>
  );
}

function Ago(props: {
  timeline: ITimeline;
  width: number;
  hint: string;
  /** Whether datums are at work: then its end is not that of the run. */
  going: boolean;
}): JSX.Element {
  const { trans } = useHost();
  const { timeline, width, hint, going } = props;
  const last = going ? trans.__('now') : trans.__('end');
  const span = timeline.until - timeline.since;
  return (
    <div className="jp-datum-lane jp-datum-muted jp-datum-small" aria-hidden="true">
      <span />
      <svg width={width} height={16} className="jp-datum-ago">
        {hint ? (
          <text x={0} y={12}>
            {hint}
          </text>
        ) : (
          agoTicks(span, Math.max(2, Math.min(6, Math.floor(width / TICK)))).map(ago => {
            const x = width - (ago / span) * width;
            const anchor = ago === 0 ? 'end' : x < 30 ? 'start' : 'middle';
            return (
              <text key={ago} x={x} y={12} textAnchor={anchor}>
                {ago === 0 ? last : `−${shortSpan(ago)}`}
              </text>
            );
          })
        )}
      </svg>
      <span />
    </div>
  );
}

function LaneView(props: {
  project: string;
  run: string;
  timeline: ITimeline;
  lane: ILane;
  width: number;
  onHint: (text: string) => void;
}): JSX.Element {
  const { trans, commands } = useHost();
  const { project, run, timeline, lane, width, onHint } = props;
  const span = timeline.until - timeline.since;
  const under = (event: React.MouseEvent<SVGSVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return barAt(lane.bars, ((event.clientX - left) / width) * span, (3 / width) * span);
  };
  const open = (bar: TimelineBar | null) => {
    if (bar && bar[5] >= 0) {
      const args = { project, run, position: bar[5] };
      void commands.execute(Commands.openDatum, args).catch(() => undefined);
    }
  };
  return (
    <svg
      width={width}
      height={HEIGHT + 6}
      role="img"
      aria-label={laneText(trans, lane)}
      onMouseMove={event => onHint(barText(trans, lane.worker, under(event)))}
      onMouseLeave={() => onHint('')}
      onClick={event => open(under(event))}
    >
      <Bars bars={lane.bars} scale={width / span} />
      <Running lane={lane} timeline={timeline} width={width} />
      <Death lane={lane} timeline={timeline} width={width} />
    </svg>
  );
}

/** All bars of one look in one path: failed, and the others by how busy they were. */
export function Bars(props: { bars: TimelineBar[]; scale: number }): JSX.Element {
  const paths = new Map<string, string[]>();
  for (const [begin, end, , failed, busy] of props.bars) {
    const x = begin * props.scale;
    const whole = (end - begin) * props.scale;
    // A gap of a pixel would make thin bars pale, as those of idle workers are.
    const wide = Math.max(failed ? 3 : 1, whole - Math.min(1, whole / 5));
    const shade = Math.max(1, Math.ceil(busy * SHADES));
    const kind = failed ? 'failed' : `busy-${shade}`;
    const path = paths.get(kind) ?? [];
    path.push(`M${x.toFixed(1)} 3h${wide.toFixed(1)}v${HEIGHT}h-${wide.toFixed(1)}z`);
    paths.set(kind, path);
  }
  return (
    <g className="jp-datum-lane-bars">
      {[...paths.keys()].sort().map(kind => (
        <path key={kind} data-kind={kind} d={paths.get(kind)!.join('')} />
      ))}
    </g>
  );
}

function Running(props: { lane: ILane; timeline: ITimeline; width: number }): JSX.Element | null {
  const { trans } = useHost();
  const { lane, timeline, width } = props;
  const { running } = lane;
  if (!running) {
    return null;
  }
  const span = timeline.until - timeline.since;
  const x = Math.max(0, ((running.began - timeline.since) / span) * width);
  const name = datumName(trans, running);
  const text = trans.__('%1, %2 and running', name, shortSpan(running.seconds));
  return (
    <g className="jp-datum-lane-running">
      <rect x={x} y={3} width={Math.max(2, width - x)} height={HEIGHT} />
      {width - x > text.length * LETTER ? (
        <text x={x + 6} y={14}>
          {text}
        </text>
      ) : null}
    </g>
  );
}

function Death(props: { lane: ILane; timeline: ITimeline; width: number }): JSX.Element | null {
  const { lane, timeline, width } = props;
  const { crew } = lane;
  if (!crew?.died || !crew.gone || crew.gone < timeline.since) {
    return null;
  }
  const share = (crew.gone - timeline.since) / (timeline.until - timeline.since);
  const x = Math.min(width - 18, share * width);
  return (
    <g className="jp-datum-lane-death">
      <rect x={x + 0.5} y={3.5} width={17} height={HEIGHT - 1} />
      <path d={`M${x + 5} 6l8 8m0 -8l-8 8`} />
    </g>
  );
}

/** The bar at a time, or the next one within `near` seconds. */
export function barAt(bars: TimelineBar[], at: number, near: number): TimelineBar | null {
  const found = bars.find(([begin, end]) => at >= begin - near && at <= end + near);
  return found ?? null;
}

type Trans = ReturnType<typeof useHost>['trans'];

function barText(trans: Trans, worker: string, bar: TimelineBar | null): string {
  if (!bar) {
    return '';
  }
  const [begin, end, n, failed, busy, position] = bar;
  if (position >= 0) {
    const name = trans.__('datum %1', count(position + 1));
    const words = [oneLine(worker), name, shortSpan(end - begin)];
    return (failed ? [...words, trans.__('failed')] : words).join(' · ');
  }
  const words = [
    oneLine(worker),
    trans._n('1 datum in %3', '%2 datums in %3', n, count(n), shortSpan(end - begin)),
    trans.__('%1 busy', percent(busy, 1))
  ];
  return (failed ? [...words, trans.__('%1 failed', count(failed))] : words).join(' · ');
}

function laneText(trans: Trans, lane: ILane): string {
  const n = lane.bars.reduce((sum, bar) => sum + bar[2], 0);
  const failed = lane.bars.reduce((sum, bar) => sum + bar[3], 0);
  const words = [
    oneLine(lane.worker),
    trans._n('1 datum, %3 failed', '%2 datums, %3 failed', n, count(n), count(failed))
  ];
  if (lane.crew?.died) {
    words.push(oneLine(lane.crew.cause ?? ''));
  }
  return words.join(', ');
}

/** Who died in the time that is shown. */
export function Deaths(props: { timing: ITiming; since: number }): JSX.Element | null {
  const { trans } = useHost();
  const died = props.timing.workers.filter(
    one => one.died && one.gone !== null && one.gone >= props.since
  );
  if (!died.length) {
    return null;
  }
  const [last] = died.sort((one, two) => (two.gone ?? 0) - (one.gone ?? 0));
  const text = trans.__('%1: %2', oneLine(last.worker), oneLine(last.cause ?? ''));
  return (
    <span className="jp-datum-state" data-state="failed">
      <Glyph state="failed" label={trans.__('died')} />
      {trans._n('%3', '%2 workers died, last %3', died.length, count(died.length), text)}
    </span>
  );
}
