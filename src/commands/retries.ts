/** Failed datums again. */
import { Commands } from '../tokens';
import { add, needed } from './add';
import type { ICommandOptions } from './options';

export function addRetries(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const enabled = () => panel.run !== null;
  const { retryFailed, retryEdited, retryRecorded, retryGroup, retryDatum } = Commands;
  add(options, retryFailed, trans.__('Retry Failed Datums'), a => actions.retryFailed(a), {
    enabled
  });
  add(
    options,
    retryRecorded,
    trans.__('Retry Failed Datums with the Recorded Code'),
    args => actions.retry(args, 'failed'),
    { enabled }
  );
  add(
    options,
    retryEdited,
    trans.__('Retry Failed Datums with the Edited Cell'),
    () => actions.retryEdited(),
    { enabled }
  );
  add(
    options,
    retryGroup,
    trans.__('Retry a Group of Failures'),
    args => actions.retry(args, { group: needed(args.group, 'group') }),
    { palette: false }
  );
  add(
    options,
    retryDatum,
    trans.__('Retry a Datum'),
    args => actions.retry(args, { datums: [needed(args.datum, 'datum')] }),
    { palette: false }
  );
}
