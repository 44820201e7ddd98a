/** Failed datums again. */
import { Commands } from '../tokens';
import { add, needed, OF_A_RUN } from './add';
import { hasFailed, ofRun } from './enabled';
import type { ICommandOptions } from './options';

export function addRetries(options: ICommandOptions): void {
  const { actions, panel, trans } = options;
  const more = { enabled: ofRun(options, hasFailed), args: OF_A_RUN };
  const { retryFailed, retryEdited, retryRecorded, retryGroup, retryDatum } = Commands;
  add(
    options,
    retryFailed,
    trans.__('Retry Failed Datums'),
    async a => (await actions()).retries.retry(a, 'failed'),
    more
  );
  add(
    options,
    retryRecorded,
    trans.__('Retry Failed Datums with the Recorded Code'),
    async args => (await actions()).retries.recorded(args, 'failed'),
    more
  );
  add(
    options,
    retryEdited,
    trans.__('Retry Failed Datums with the Edited Cell'),
    async args => (await actions()).retries.edited(args, 'failed'),
    { enabled: args => typeof args.run === 'string' || panel.edited === true, args: OF_A_RUN }
  );
  add(
    options,
    retryGroup,
    trans.__('Retry a Group of Failures'),
    async args => (await actions()).retries.retry(args, { group: needed(args.group, 'group') }),
    {
      palette: false,
      args: { ...OF_A_RUN, group: { type: 'integer', description: 'id of the failure group' } },
      required: ['group']
    }
  );
  add(
    options,
    retryDatum,
    trans.__('Retry a Datum'),
    async args => (await actions()).retries.retry(args, { datums: [needed(args.datum, 'datum')] }),
    {
      palette: false,
      args: { ...OF_A_RUN, datum: { type: 'integer', description: 'id of the datum' } },
      required: ['datum']
    }
  );
}
