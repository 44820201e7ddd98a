/** Watching inputs. */
import { language } from '../language';
import { Commands } from '../tokens';
import { add, number, OF_A_TRANSFORM, text } from './add';
import type { ICommandOptions } from './options';
import { SETTLE } from '../models/watches';

/** Watch a transform, or stop that. */
export function addWatch(options: ICommandOptions): void {
  const { panel, trans, watches } = options;
  add(
    options,
    Commands.watch,
    trans.__('Watch the Input of the Transform'),
    args => {
      const name = text(args.name) ?? panel.selected;
      if (name === null) {
        throw new Error(language.trans.__('no transform is shown'));
      }
      return watches.ask(name, args.stop === true ? null : (number(args.settle) ?? SETTLE));
    },
    {
      enabled: () => panel.run !== null && !panel.foreign,
      args: {
        ...OF_A_TRANSFORM,
        settle: { type: 'number', description: 'seconds that a file must have stood still' },
        stop: { type: 'boolean', description: 'watch it no more' }
      }
    }
  );
}
