/** The report on a transform: one page that needs no server, no script and no other file. */
import { Commands } from '../tokens';
import { add, text } from './add';
import type { ICommandOptions } from './options';

export function addReport(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  add(
    options,
    Commands.report,
    trans.__('Make a Report on the Transform'),
    async args => {
      const project = text(args.project) ?? panel.project;
      const transform = text(args.transform) ?? panel.selected;
      if (!project || !transform) {
        throw new Error(trans.__('choose a transform that has run: the report is about one'));
      }
      return (await actions()).report(project, transform, args.show === true);
    },
    {
      enabled: () => panel.project !== null,
      args: {
        project: { type: 'string', description: trans.__('Uuid of the project') },
        transform: { type: 'string', description: trans.__('Name of the transform') },
        show: { type: 'boolean', description: trans.__('Open it instead of saving it') }
      }
    }
  );
}
