/** Panel, run documents, the page of a datum. */
import { datumIcon } from '../icons';
import { Commands } from '../tokens';
import { add, neededText, number, OF_A_RUN, OF_A_TRANSFORM, text } from './add';
import type { Args, IArg } from './add';
import { hasFailed, ofRun } from './enabled';
import type { ICommandOptions } from './options';
import type { IPlace } from '../models/document';
import { which } from '../which';

export function addViews(options: ICommandOptions): void {
  const { panel, trans, views } = options;
  add(
    options,
    Commands.openPanel,
    trans.__('Show the Panel of Datums'),
    args => {
      if (typeof args.name === 'string') {
        panel.select(args.name);
      }
      views.openPanel();
      return { selected: panel.selected };
    },
    { args: OF_A_TRANSFORM, icon: datumIcon }
  );
  add(
    options,
    Commands.selectTransform,
    trans.__('Select a Transform'),
    args => {
      panel.select(neededText(args.name, 'name'));
      return { selected: panel.selected };
    },
    {
      palette: false,
      args: { name: { type: 'string', description: 'name of the transform' } },
      required: ['name']
    }
  );
  add(
    options,
    Commands.openRun,
    trans.__('Open the Run'),
    args => {
      const { project, run } = which(args, panel, views.front());
      return views.openRun(project, run, placeOf(args));
    },
    { enabled: args => ofRun(options)(args) || panel.notebook === null, args: PLACE }
  );
  add(
    options,
    Commands.openDatum,
    trans.__('Open a Datum'),
    args => {
      const { project, run } = which(args, panel, views.front());
      return views.openDatum(project, run, number(args.datum), number(args.position));
    },
    { palette: false, args: { ...OF_A_RUN, ...A_DATUM } }
  );
  const steps = [
    [Commands.nextFailure, trans.__('Next Failed Datum'), 1],
    [Commands.previousFailure, trans.__('Previous Failed Datum'), -1]
  ] as const;
  for (const [id, label, step] of steps) {
    const go = (args: Args) => {
      const { project, run } = which(args, panel, views.front());
      return views.step(project, run, step);
    };
    add(options, id, label, go, { enabled: ofRun(options, hasFailed), args: OF_A_RUN });
  }
  add(
    options,
    Commands.showNotebook,
    trans.__('Back to the Notebook'),
    () => views.openNotebook(),
    {
      enabled: () => panel.notebook !== null
    }
  );
}

/** Which datum. */
const A_DATUM: Record<string, IArg> = {
  datum: { type: 'integer', description: 'id of the datum' },
  position: { type: 'integer', description: 'its place in the input, from 0, where it has no id' }
};

/** Where in a run document. */
const PLACE: Record<string, IArg> = {
  ...OF_A_RUN,
  tab: { type: 'string', description: 'the view to show: overview, map, table, failures, ...' },
  filter: { type: 'string', description: 'which datums the table shows: state:failed name:*.tif' },
  sort: { type: 'string', description: 'by which column of it: pos, -dur, m.loss' },
  columns: { type: 'string', description: 'its columns, with commas; empty: the usual ones' },
  other: { type: 'string', description: 'uuid of the run that it is compared with' },
  group: { type: 'integer', description: 'id of the failure group to open' },
  datum: A_DATUM.datum
};

/** Where in a run document one wants to be, as arguments of a command say it. */
function placeOf(args: Args): Partial<IPlace> {
  return {
    tab: text(args.tab),
    filter: text(args.filter),
    sort: text(args.sort),
    columns: text(args.columns),
    other: text(args.other),
    group: number(args.group),
    datum: number(args.datum),
    file: text(args.file)
  };
}
