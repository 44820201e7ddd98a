/** The transforms as a picture: what feeds what, how far each is. */
import React from 'react';

import { Glyph, Icon } from '../../icons';
import type { GraphModel, IDrawn, IDrawnNode } from '../../models/graph';
import { reached } from '../../models/graph';
import { Commands } from '../../tokens';
import { count, oneLine, progress, statusState, statusWord } from '../format';
import { Bar, byState, doneOf, Note, useHost, useSignals } from '../parts';
import { neighbour, picture } from './layout';
import type { IPicture } from './layout';
import { fitted, seen, stepped, whole } from './zoom';
import type { IRoom } from './zoom';

/** So much more of a picture has to be seen for it to run the other way. */
const WORTH = 0.05;

/** The graph of a project; the transform `current` stands out, with what it has to do with. */
export function GraphView(props: { graph: GraphModel; current: string | null }): JSX.Element {
  const { trans } = useHost();
  const { graph, current } = props;
  useSignals(graph.changed);
  const { drawn, error } = graph;
  // Laid out again when nodes or edges change, not when counts do.
  const shape = drawn ? JSON.stringify([drawn.nodes.map(({ id }) => id), drawn.edges]) : '';
  if (error && !drawn) {
    return <Note>{oneLine(error)}</Note>;
  }
  if (!drawn) {
    return <p className="jp-datum-body jp-datum-muted">{trans.__('Reading …')}</p>;
  }
  return <Picture {...{ graph, drawn, shape, current }} />;
}

interface IDrawnProps {
  graph: GraphModel;
  drawn: IDrawn;
  current: string | null;
}

interface IPictureProps extends IDrawnProps {
  laid: IPicture;
}

function Picture(given: IDrawnProps & { shape: string }): JSX.Element {
  const { trans } = useHost();
  const { drawn, shape, current } = given;
  const frame = React.useRef<HTMLDivElement>(null);
  const room = useRoom(frame);
  const right = React.useMemo(() => picture(drawn), [shape]);
  const short = room !== null && seen(right, room) < 1 - WORTH;
  const down = React.useMemo(() => (short ? picture(drawn, 'down') : null), [shape, short]);
  const laid = room && down && seen(down, room) > seen(right, room) + WORTH ? down : right;
  const [fit, all] = room ? [fitted(laid, room), whole(laid, room)] : [1, 1];
  const props: IPictureProps = { ...given, laid };
  const [chosen, setChosen] = React.useState<number | 'all' | null>(null);
  const zoom = chosen === 'all' ? all : (chosen ?? fit);
  const home = `transform:${current ?? ''}`;
  // The transform of the run stands in the middle, where all of it has no room.
  React.useEffect(() => {
    const one = laid.placed.find(({ node }) => node.id === home);
    if (frame.current && one) {
      const { clientWidth, clientHeight } = frame.current;
      frame.current.scrollLeft = (one.x + one.width / 2) * zoom - clientWidth / 2;
      frame.current.scrollTop = (one.y + one.height / 2) * zoom - clientHeight / 2;
    }
  }, [home, laid, fit]);
  const by = (way: 'out' | 'in') => setChosen(stepped(zoom, way, all));
  return (
    <div className="jp-datum-graph">
      <div className="jp-datum-graph-frame" ref={frame}>
        <div
          className="jp-datum-graph-field"
          role="group"
          aria-label={sentence(trans, laid)}
          style={{ width: laid.width * zoom, height: laid.height * zoom }}
        >
          <div
            style={{ width: laid.width, height: laid.height, transform: `scale(${zoom})` }}
            className="jp-datum-graph-scaled"
          >
            <Edges {...props} home={home} />
            <Nodes {...props} home={home} />
          </div>
        </div>
      </div>
      <div className="jp-datum-graph-zoom">
        <ZoomButton icon="minus" label={trans.__('Zoom out')} press={() => by('out')} />
        <ZoomButton icon="plus" label={trans.__('Zoom in')} press={() => by('in')} />
        <button
          className="jp-datum-button jp-datum-small"
          aria-pressed={zoom === all}
          onClick={() => setChosen('all')}
        >
          {trans.__('Fit')}
        </button>
      </div>
    </div>
  );
}

function ZoomButton(props: {
  icon: 'plus' | 'minus';
  label: string;
  press: () => void;
}): JSX.Element {
  const { icon, label, press } = props;
  return (
    <button
      className="jp-datum-button"
      data-kind="icon"
      aria-label={label}
      title={label}
      onClick={press}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The room that a picture may have, which has the height that it needs up to that. */
function useRoom(frame: React.RefObject<HTMLDivElement>): IRoom | null {
  const [[width, height], setRoom] = React.useState([0, 0]);
  React.useEffect(() => {
    const tab = frame.current?.closest<HTMLElement>('.jp-datum-origins');
    if (!tab || typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(() => setRoom([tab.clientWidth, tab.clientHeight]));
    observer.observe(tab);
    return () => observer.disconnect();
  }, []);
  // As the style sheet has it.
  return React.useMemo(
    () => (width && height ? { width, height: 0.46 * height - 30 } : null),
    [width, height]
  );
}

function Edges(props: IPictureProps & { home: string }): JSX.Element {
  const { laid, home } = props;
  const near = reached(laid.curves, home);
  const isNear = (one: { from: string; to: string }) => near.has(one.from) && near.has(one.to);
  // What has to do with the transform is drawn last: over the others.
  const curves = [...laid.curves].sort((one, two) => Number(isNear(one)) - Number(isNear(two)));
  return (
    <svg width={laid.width} height={laid.height} aria-hidden="true">
      {curves.map(one => (
        <g key={`${one.from}>${one.to}`} data-near={isNear(one)}>
          <path className="jp-datum-edge" d={one.path} />
          <path className="jp-datum-edge-tip" d={one.head} />
        </g>
      ))}
    </svg>
  );
}

/** Nodes are buttons; one of them is in the tab order, arrows lead along the edges. */
function Nodes(props: IPictureProps & { home: string }): JSX.Element {
  const { laid, drawn, home } = props;
  const by = new Map(drawn.nodes.map(node => [node.id, node]));
  const [focus, setFocus] = React.useState(home);
  const entry = by.has(focus) ? focus : laid.placed[0]?.node.id;
  const go = (event: React.KeyboardEvent, id: string) => {
    const next = neighbour(laid, id, event.key);
    if (event.key.startsWith('Arrow')) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (next) {
      setFocus(next);
      const field = event.currentTarget.parentElement;
      field?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
    }
  };
  return (
    <>
      {laid.placed.map(({ node: { id }, x, y, width, height }) => {
        const node = by.get(id);
        return node ? (
          <Node
            key={id}
            project={props.graph.project}
            node={node}
            owner={by.get(`transform:${node.transform}`) ?? node}
            current={id === home}
            style={{ left: x, top: y, width, height }}
            tabIndex={id === entry ? 0 : -1}
            onFocus={() => setFocus(id)}
            onKeyDown={event => go(event, id)}
          />
        ) : null;
      })}
    </>
  );
}

function Node(props: {
  project: string;
  node: IDrawnNode;
  owner: IDrawnNode;
  current: boolean;
  style: React.CSSProperties;
  tabIndex: number;
  onFocus: () => void;
  onKeyDown: (event: React.KeyboardEvent) => void;
}): JSX.Element {
  const { trans, commands } = useHost();
  const { node, owner, project, current, ...rest } = props;
  const open = whatOpens(node, project);
  const name = oneLine(node.name);
  const said = node.kind === 'transform' ? saidOf(trans, node) : saidOfEnd(trans, node, owner);
  const why = open
    ? undefined
    : node.kind === 'transform'
      ? trans.__('It has not run.')
      : trans.__('It lies outside of the folder that the server shows.');
  return (
    <button
      {...rest}
      className="jp-datum-node"
      data-node={node.id}
      data-kind={node.kind}
      aria-current={current ? 'true' : undefined}
      aria-disabled={open ? undefined : true}
      aria-label={spoken(trans, node, said)}
      title={[name, ...node.missing.map(oneLine), why].filter(Boolean).join('\n')}
      onClick={() => open && void commands.execute(...open).catch(() => undefined)}
    >
      {node.kind === 'transform' ? (
        <TransformNode node={node} said={said} />
      ) : (
        <>
          <Icon name={node.kind === 'declared' ? 'file' : 'folder'} />
          <span className="jp-datum-node-words">
            <bdi className="jp-datum-cut">{name}</bdi>{' '}
            <span className="jp-datum-muted jp-datum-small jp-datum-cut">{said}</span>
          </span>
        </>
      )}
    </button>
  );
}

function TransformNode(props: { node: IDrawnNode; said: string }): JSX.Element {
  const { node, said } = props;
  const { counts } = node;
  return (
    <>
      <span className="jp-datum-node-head">
        <Glyph state={counts?.status ? statusState(counts.status) : 'pending'} />
        <bdi className="jp-datum-cut">{oneLine(node.name)}</bdi>{' '}
        <span className="jp-datum-muted jp-datum-small">{node.engine}</span>{' '}
      </span>
      <Bar counts={counts ?? {}} total={counts?.total ?? 0} thin />
      <span className="jp-datum-muted jp-datum-small jp-datum-cut">{said}</span>
    </>
  );
}

/** The command behind a node; null: nothing can be opened. */
function whatOpens(node: IDrawnNode, project: string): [string, any] | null {
  if (node.kind === 'transform') {
    return node.run ? [Commands.openRun, { project, run: node.run, tab: 'lineage' }] : null;
  }
  if (node.path === null) {
    return null;
  }
  const { path } = node;
  return node.kind === 'declared'
    ? [Commands.openFile, { path }]
    : ['filebrowser:go-to-path', { path }];
}

type Trans = ReturnType<typeof useHost>['trans'];

/** The line below the bar. */
function saidOf(trans: Trans, node: IDrawnNode): string {
  const { counts } = node;
  if (!counts) {
    return trans.__('has not run');
  }
  const parts = byState(counts, counts.total);
  const done = doneOf(parts, counts.total);
  const going = counts.status === 'running' && counts.total > 0;
  const words = [
    going
      ? progress(counts, done, counts.total)
      : done < counts.total
        ? trans.__('%1 of %2', count(done), count(counts.total))
        : trans._n('%2 datum', '%2 datums', counts.total, count(counts.total))
  ];
  if (parts.failed) {
    words.push(trans.__('%1 failed', count(parts.failed)));
  }
  const held = heldUp(node.missing);
  if (held) {
    words.push(trans.__('%1 held up', count(held)));
  }
  return words.join(' · ');
}

/** What a folder or file at an end has to say. */
function saidOfEnd(trans: Trans, node: IDrawnNode, owner: IDrawnNode): string {
  if (node.kind === 'declared') {
    return trans.__('declared');
  }
  if (node.kind === 'source') {
    return node.files === null
      ? trans.__('input')
      : trans._n('%2 file', '%2 files', node.files, count(node.files));
  }
  const { counts } = owner;
  const made = counts ? (counts.success ?? 0) + (counts.skipped ?? 0) + (counts.recovered ?? 0) : 0;
  return made ? trans.__('%1 of %2', count(made), count(counts?.total ?? 0)) : trans.__('not yet');
}

function spoken(trans: Trans, node: IDrawnNode, said: string): string {
  const status = node.counts?.status ? statusWord(trans, node.counts.status) : '';
  // As it is seen first: who says what they see is understood.
  return [oneLine(node.name), node.engine, said, status].filter(Boolean).join(', ');
}

/** Datums that wait for failed ones of another transform: the server says it in a sentence. */
export function heldUp(missing: readonly string[]): number {
  return missing.reduce((sum, sentence) => {
    const found = /^([\d,]+) waits? for /.exec(sentence);
    return sum + (found ? Number(found[1].replace(/,/g, '')) : 0);
  }, 0);
}

/** The picture in words. */
function sentence(trans: Trans, laid: IPicture): string {
  const names = new Map(laid.placed.map(({ node }) => [node.id, oneLine(node.name)]));
  const said = laid.placed
    .map(({ node }) => {
      const fed = laid.curves.filter(one => one.from === node.id).map(one => names.get(one.to));
      return fed.length ? trans.__('%1 feeds %2', names.get(node.id), fed.join(', ')) : '';
    })
    .filter(Boolean);
  return said.length ? said.slice(0, 30).join('; ') : trans.__('Transforms');
}
