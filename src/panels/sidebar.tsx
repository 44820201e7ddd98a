/** The side panel. It asks for nothing itself: models feed it, commands act for it. */
import type { IThemeManager } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { datumIcon } from '../icons';
import type { ChoicesModel } from '../models/choices';
import type { EnginesModel } from '../models/engines';
import type { FreshCounts } from '../models/freshcounts';
import type { OverviewModel } from '../models/overview';
import type { PanelModel } from '../models/panel';
import type { PlansModel } from '../models/plans';
import type { RunModel } from '../models/run';
import type { WatchesModel } from '../models/watches';
import { Commands } from '../tokens';
import { Announcer } from './announcer';
import { WorkersSummary } from './atwork';
import { Empty, LostLine } from './empty';
import { FailuresSummary, FailuresView, RetryButton } from './failures';
import type { DatumSource } from './failures';
import { clock, count, oneLine, statusState, standing } from './format';
import { bindKeys } from './keys';
import { MapSummary, MapView } from './mapview';
import { later } from './later';
import { CommandButton, Section, StateWord, useClock, useHost, useRead, useSignals } from './parts';
import type { IHost } from './parts';
import { NextStep } from './nextstep';
import { Room } from './room';
import { RunView } from './runview';
import { OwnTurn, ShownWidget } from './shown';
import { AllButton, TransformsView } from './transforms';

// What is needed to act, or lies below all else, comes behind the panel's first picture.
const runWith = () => import('./runwith');
const plan = () => import('./planview');
const RunWith = later(async () => (await runWith()).RunWith);
const RunWithSummary = later(async () => (await runWith()).RunWithSummary);
const PlanButtons = later(async () => (await plan()).PlanButtons);
const PlanSummary = later(async () => (await plan()).PlanSummary);
const PlanView = later(async () => (await plan()).PlanView);
const WorkersView = later(async () => (await import('./workers')).WorkersView);
const OverviewView = later(async () => (await import('./overview')).OverviewView);
const Problem = later(async () => (await import('./problem')).Problem);
const WatchView = later(async () => (await import('./watchline')).WatchView);

/** What the panel is made of. */
export interface ISidebarOptions {
  host: IHost;
  panel: PanelModel;
  plans: PlansModel;
  fresh: FreshCounts;
  overview: OverviewModel;
  watches: WatchesModel;
  choices: ChoicesModel;
  engines: EnginesModel;
  source: DatumSource;
  theme: IThemeManager | null;
}

/** The widget in the side area. */
export class Sidebar extends ShownWidget {
  constructor(private readonly _options: ISidebarOptions) {
    super(_options.host);
    const { trans } = _options.host;
    this.id = 'jupyter-datum-panel';
    this.addClass('jp-datum-panel');
    this.title.icon = datumIcon;
    this.title.caption = trans.__('Datums');
    this.node.setAttribute('role', 'region');
    bindKeys(this.node);
    this.node.setAttribute('aria-label', trans.__('Datums'));
  }

  /** The user has folded or opened a section. */
  onFolded: (names: string[]) => void = () => undefined;

  /** Fold these sections and open the others. */
  fold(names: readonly string[]): void {
    this._folded = new Set(names);
    this.update();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._options.fresh.see(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._options.fresh.see(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._options.fresh.see(this.isVisible);
  }

  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) {
      this.node.focus();
    }
  }

  protected view(): JSX.Element {
    return <SidebarView {...this._options} folded={this._folded} onFold={this._onFold} />;
  }

  private readonly _onFold = (name: string): void => {
    const next = new Set(this._folded);
    if (!next.delete(name)) {
      next.add(name);
    }
    this.fold([...next]);
    this.onFolded([...next]);
  };

  private _folded: ReadonlySet<string> = new Set();
}

/** What the panel's view is given. */
export interface ISidebarProps extends Omit<ISidebarOptions, 'host'> {
  folded: ReadonlySet<string>;
  onFold: (name: string) => void;
}

/** All of the panel. */
export function SidebarView(props: ISidebarProps): JSX.Element {
  const { trans } = useHost();
  const { panel } = props;
  useSignals(panel.changed);
  const lost = useRead(() => panel.runs.connection, panel.runs.changed) === 'lost';
  const path = panel.notebook?.path ?? '';
  const empty = Empty({ panel });
  return (
    <div className="jp-datum-panel-view" data-lost={lost}>
      <div className="jp-datum-panel-header">
        <h1>{trans.__('Datums')}</h1>
        <span className="jp-datum-muted jp-datum-cut jp-datum-grow" title={path}>
          {PathExt.basename(path)}
        </span>
        <HeaderButtons panel={panel} />
      </div>
      <LostLine panel={panel} />
      <Problem panel={panel} />
      {empty ?? <Sections {...props} />}
    </div>
  );
}

/** What is done to the panel itself, and to the notebook in front. */
function HeaderButtons(props: { panel: PanelModel }): JSX.Element {
  const { trans, commands } = useHost();
  return (
    <>
      <CommandButton
        command={Commands.refresh}
        icon="refresh"
        kind="icon"
        label={trans.__('Read again')}
      />
      {props.panel.notebook ? (
        <CommandButton
          command={Commands.insertSample}
          icon="plus"
          kind="icon"
          label={trans.__('New transform')}
        />
      ) : null}
      {commands.hasCommand('settingeditor:open') ? (
        <CommandButton
          command={Commands.settings}
          icon="gear"
          kind="icon"
          label={trans.__('Settings')}
        />
      ) : null}
    </>
  );
}

function Sections(props: ISidebarProps): JSX.Element {
  const { trans } = useHost();
  const { panel, plans, fresh, overview, watches, folded, onFold } = props;
  useSignals(plans.changed);
  const fold = (name: string) => ({ name, folded: folded.has(name), onFold });
  const { run } = panel;
  return (
    <>
      <Section
        {...fold('transforms')}
        title={trans.__('Transforms')}
        summary={count(panel.rows.length)}
        action={<AllButton panel={panel} />}
      >
        <TransformsView panel={panel} plans={plans} fresh={fresh} />
        <NextStep panel={panel} plans={plans} watches={watches} />
        <WatchView panel={panel} watches={watches} />
        <OverviewView overview={overview} />
      </Section>
      {plans.name !== null && plans.name === panel.selected ? (
        <Section
          {...fold('plan')}
          title={trans.__('Plan: %1', oneLine(plans.name))}
          summary={<PlanSummary plans={plans} />}
          action={<PlanButtons plans={plans} />}
        >
          <PlanView panel={panel} plans={plans} />
        </Section>
      ) : null}
      {run ? <RunSections {...props} run={run} fold={fold} /> : <NotRun {...props} fold={fold} />}
    </>
  );
}

function NotRun(props: ISidebarProps & { fold: Fold }): JSX.Element | null {
  const { trans } = useHost();
  const { row, unreadable } = props.panel;
  useSignals(props.fresh.changed);
  if (!row || unreadable) {
    return null;
  }
  const mistake = props.fresh.of(row)?.mistake;
  return (
    <>
      <div className="jp-datum-body">
        <p>{trans.__('%1 has not run yet.', oneLine(row.name))}</p>
        {mistake ? <p className="jp-datum-bad">{oneLine(mistake)}</p> : null}
      </div>
      <RunWithSection {...props} />
    </>
  );
}

function RunWithSection(props: ISidebarProps & { fold: Fold }): JSX.Element {
  const { trans } = useHost();
  const { panel, plans, choices, engines, fold } = props;
  return (
    <Section
      {...fold('run-with')}
      title={trans.__('Run with')}
      summary={<RunWithSummary panel={panel} choices={choices} />}
    >
      <RunWith panel={panel} plans={plans} choices={choices} engines={engines} />
    </Section>
  );
}

type Fold = (name: string) => {
  name: string;
  folded: boolean;
  onFold: (name: string) => void;
};

function RunSections(props: ISidebarProps & { run: RunModel; fold: Fold }): JSX.Element {
  const { trans } = useHost();
  const { panel, run, fold, source, theme, overview, engines } = props;
  const id = useRead(() => run.info?.id, run.changed);
  const memory = useRead(() => engines.known?.memory, engines.changed);
  const slow = useRead(() => {
    const { answers } = overview;
    const mine = answers && answers.name === panel.selected ? answers.times : null;
    return mine?.p99 ?? mine?.p95;
  }, overview.changed);
  return (
    <>
      <Section
        {...fold('run')}
        title={id ? trans.__('Run %1', id) : trans.__('The run')}
        summary={<RunSummary run={run} />}
      >
        <RunView run={run} slow={slow} edited={panel.edited} />
      </Section>
      <Announcer run={run} slow={slow} />
      <MapSection run={run} theme={theme} {...fold('map')} />
      <OwnTurn>
        <Section
          {...fold('failures')}
          title={trans.__('Failures')}
          summary={<FailuresSummary run={run} />}
          action={<RetryButton run={run} />}
        >
          <FailuresView run={run} source={source} />
        </Section>
        {panel.unreadable ? null : <RunWithSection {...props} />}
        <Section
          {...fold('workers')}
          title={trans.__('Workers')}
          summary={<WorkersSummary run={run} />}
        >
          <WorkersView run={run} memory={memory} />
        </Section>
      </OwnTurn>
    </>
  );
}

/** A map of nothing is left out; where one was, its room is kept until the next is known. */
function MapSection(
  props: Pick<ISidebarProps, 'theme'> & ReturnType<Fold> & { run: RunModel }
): JSX.Element | null {
  const { trans } = useHost();
  const { run, theme, ...fold } = props;
  const [per, setPer] = React.useState(1);
  const [room, setRoom] = React.useState(0);
  const known = useRead(() => run.total > 0, run.changed);
  const wait = useRead(() => !run.ended && !run.error, run.changed);
  if (!known && !(room && wait)) {
    return null;
  }
  return (
    <Section {...fold} title={trans.__('Map')} summary={known ? <MapSummary per={per} /> : null}>
      {known ? (
        <Room least={room} onGone={setRoom}>
          <MapView run={run} theme={theme} onPer={setPer} />
        </Room>
      ) : (
        <div style={{ height: room }} />
      )}
    </Section>
  );
}

function RunSummary(props: { run: RunModel }): JSX.Element {
  const { trans } = useHost();
  const { run } = props;
  useSignals(run.changed);
  useClock(!run.ended && !run.lost); // no frame comes while a single long datum is at work
  const { counts, info } = run;
  if (!counts) {
    return <></>;
  }
  const began = info?.started ?? null;
  const until = counts.ended ?? Date.now() / 1000;
  return (
    <>
      <StateWord state={statusState(counts.status)} word={standing(trans, counts)} />
      {began ? (
        <span className={counts.ended ? undefined : 'jp-datum-wide'}>
          {`· ${clock(until - began)}`}
        </span>
      ) : null}
    </>
  );
}
