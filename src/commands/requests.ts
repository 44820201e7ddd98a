/** What a run is asked for. */
import { Commands } from '../tokens';
import { add, needed, OF_A_RUN } from './add';
import { goes, ofRun } from './enabled';
import type { ICommandOptions } from './options';
import { live } from '../models/pipeline';
import type { ICounts, Status } from '../tokens';

export function addRequests(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const still: readonly Status[] = ['paused', 'interrupted'];
  const stands = ({ status }: ICounts) => still.includes(status);
  const works = (counts: ICounts) => goes(counts) && !stands(counts);
  const kinds = [
    [Commands.pause, trans.__('Pause the Run'), 'pause', works],
    [Commands.resume, trans.__('Resume the Run'), 'resume', stands],
    [Commands.stop, trans.__('Stop the Run'), 'cancel', goes],
    [Commands.detach, trans.__('Detach the Waiting Cell from the Run'), 'detach', works]
  ] as const;
  for (const [id, label, kind, fits] of kinds) {
    const more = { enabled: ofRun(options, fits), args: OF_A_RUN };
    add(options, id, label, async args => (await actions()).request(args, kind), more);
  }
  add(
    options,
    Commands.scale,
    trans.__('Set the Number of Workers'),
    async args =>
      (await actions()).request(args, 'scale', { workers: needed(args.workers, 'workers') }),
    {
      palette: false,
      args: { ...OF_A_RUN, workers: { type: 'integer', description: 'how many, at least 1' } },
      required: ['workers']
    }
  );
  const hasCells = () =>
    !panel.barred && !panel.notebook?.far && panel.rows.some(row => row.cell !== null);
  add(
    options,
    Commands.runAll,
    trans.__('Run All Transforms of the Notebook'),
    async () => (await actions()).runAll(),
    { enabled: hasCells }
  );
  const going = () => live(panel.rows).length > 0;
  add(
    options,
    Commands.stopAll,
    trans.__('Stop All Runs of the Notebook'),
    async () => (await actions()).stopAll(),
    {
      enabled: going
    }
  );
}
