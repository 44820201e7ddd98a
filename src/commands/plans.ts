/** Plans, and what is decided with them. */
import { Commands } from '../tokens';
import { add, OF_A_TRANSFORM, text } from './add';
import type { Args } from './add';
import type { ICommandOptions } from './options';

export function addPlans(options: ICommandOptions): void {
  const { actions, panel, plans, trans } = options;
  const selected = () => panel.way !== null && !panel.barred;
  const planned = () => plans.recipe !== null;
  const plain = { palette: false, enabled: planned };
  const all = (args: Args) => ({ all: args.all === true });
  add(
    options,
    Commands.plan,
    trans.__('Plan the Transform'),
    async a => (await actions()).plan(text(a.name)),
    {
      enabled: selected,
      args: OF_A_TRANSFORM
    }
  );
  const close = () => {
    plans.close();
    return true;
  };
  add(options, Commands.closePlan, trans.__('Close the Plan'), close, { palette: false });
  add(
    options,
    Commands.equivalent,
    trans.__('Mark the Planned Code as Equivalent'),
    async args => (await actions()).decide('equivalent', { undo: args.undo === true }),
    { ...plain, args: { undo: { type: 'boolean', description: 'take the mark back' } } }
  );
  const prune = trans.__('Remove Outputs of Vanished Inputs');
  add(options, Commands.prune, prune, async args => (await actions()).decide('prune', all(args)), {
    ...plain,
    args: { all: { type: 'boolean', description: 'however many they are' } }
  });
  const move = trans.__('Let Renamed Inputs Keep Their Results');
  add(options, Commands.move, move, async () => (await actions()).decide('move'), plain);
}
