/** What is decided about failures. */
import { Commands } from '../tokens';
import { add, needed } from './add';
import type { ICommandOptions } from './options';

export function addFailures(options: ICommandOptions): void {
  const { actions, trans } = options;
  const project = { type: 'string', description: 'Uuid of the project.' } as const;
  const run = { type: 'string', description: 'Uuid of the run.' } as const;
  add(
    options,
    Commands.markExpected,
    trans.__('Mark a Group of Failures as Expected'),
    async args => (await actions()).expect(args, needed(args.group, 'group'), args.undo === true),
    {
      palette: false,
      args: {
        ...{ project, run },
        group: { type: 'number', description: 'Id of the group.' },
        undo: { type: 'boolean', description: 'Take the mark back.' }
      }
    }
  );
}
