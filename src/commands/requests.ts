/** What a run is asked for. */
import { Commands } from '../tokens';
import { add, needed } from './add';
import type { ICommandOptions } from './options';
import { live } from '../models/pipeline';

export function addRequests(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const enabled = () => panel.run !== null;
  const kinds = [
    [Commands.pause, trans.__('Pause the Run'), 'pause'],
    [Commands.resume, trans.__('Resume the Run'), 'resume'],
    [Commands.stop, trans.__('Stop the Run'), 'cancel'],
    [Commands.detach, trans.__('Detach the Waiting Cell from the Run'), 'detach']
  ] as const;
  for (const [id, label, kind] of kinds) {
    add(options, id, label, args => actions.request(args, kind), { enabled });
  }
  add(
    options,
    Commands.scale,
    trans.__('Set the Number of Workers'),
    args => actions.request(args, 'scale', { workers: needed(args.workers, 'workers') }),
    { palette: false }
  );
  const hasCells = () => panel.rows.some(row => row.cell !== null);
  add(
    options,
    Commands.runAll,
    trans.__('Run All Transforms of the Notebook'),
    () => actions.runAll(),
    { enabled: hasCells }
  );
  const going = () => live(panel.rows).length > 0;
  add(
    options,
    Commands.stopAll,
    trans.__('Stop All Runs of the Notebook'),
    () => actions.stopAll(),
    {
      enabled: going
    }
  );
}
