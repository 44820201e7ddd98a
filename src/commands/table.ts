/** What is done with rows of the table. */
import { language } from '../language';
import { Commands } from '../tokens';
import { add, OF_A_RUN, text } from './add';
import { ofRun } from './enabled';
import type { Args } from './add';
import type { ICommandOptions } from './options';
import type { What } from '../requests';

const FILTER = {
  type: 'string',
  description: 'Which datums, as the filter box says it: state:failed dur:>10s'
} as const;

export function addTable(options: ICommandOptions): void {
  const { actions, trans } = options;
  add(
    options,
    Commands.retrySelection,
    trans.__('Retry Selected Datums'),
    async args => (await actions()).retries.retry(args, selected(args)),
    {
      palette: false,
      args: {
        ...OF_A_RUN,
        filter: FILTER,
        ranges: { type: 'array', description: 'First and last place in the input, from 0, each' },
        datums: { type: 'array', description: 'Ids' }
      }
    }
  );
  add(
    options,
    Commands.exportRows,
    trans.__('Download the Datums of the Run as CSV'),
    async args => {
      const { url, name } = (await actions()).fileOf(args, {
        filter: text(args.filter),
        sort: text(args.sort)
      });
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      return { url };
    },
    {
      enabled: ofRun(options),
      args: {
        ...OF_A_RUN,
        filter: FILTER,
        sort: { type: 'string', description: 'pos, -dur, m.loss' }
      }
    }
  );
}

/** What the arguments mean: the first of them that is there. */
function selected(args: Args): What {
  const { ranges, datums } = args;
  if (typeof args.filter === 'string') {
    return { filter: args.filter };
  }
  if (Array.isArray(ranges)) {
    return { positions: ranges as [number, number][] };
  }
  if (Array.isArray(datums)) {
    return { datums: datums as number[] };
  }
  throw new Error(language.trans.__('the command needs a filter, ranges or datums'));
}
