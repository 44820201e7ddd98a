/** Panel, run documents, the page of a datum. */
import { Commands } from '../tokens';
import { add, number, text } from './add';
import type { Args } from './add';
import type { ICommandOptions } from './options';
import type { IPlace } from '../models/document';

export function addViews(options: ICommandOptions): void {
  const { actions, panel, trans, views } = options;
  const hasRun = () => panel.run !== null;
  add(options, Commands.openPanel, trans.__('Show the Panel of Datums'), args => {
    if (typeof args.name === 'string') {
      panel.select(args.name);
    }
    views.openPanel();
    return { selected: panel.selected };
  });
  add(
    options,
    Commands.selectTransform,
    trans.__('Select a Transform'),
    args => {
      panel.select(String(args.name));
      return { selected: panel.selected };
    },
    { palette: false }
  );
  add(
    options,
    Commands.openRun,
    trans.__('Open the Run'),
    args => {
      const { project, run } = actions.which(args);
      return views.openRun(project, run, placeOf(args));
    },
    { enabled: () => panel.run !== null || panel.notebook === null }
  );
  add(
    options,
    Commands.openDatum,
    trans.__('Open a Datum'),
    args => {
      const { project, run } = actions.which(args);
      return views.openDatum(project, run, number(args.datum), number(args.position));
    },
    { palette: false }
  );
  const steps = [
    [Commands.nextFailure, trans.__('Next Failed Datum'), 1],
    [Commands.previousFailure, trans.__('Previous Failed Datum'), -1]
  ] as const;
  for (const [id, label, step] of steps) {
    const go = (args: Args) => {
      const { project, run } = actions.which(args);
      return views.step(project, run, step);
    };
    add(options, id, label, go, { enabled: hasRun });
  }
}

/** Where in a run document one wants to be, as arguments of a command say it. */
function placeOf(args: Args): Partial<IPlace> {
  return {
    tab: text(args.tab),
    filter: text(args.filter),
    group: number(args.group),
    datum: number(args.datum)
  };
}
