/** Running a transform, on what and with what; and changing that while it runs. */
import { onlyOf } from '../models/cells';
import type { IOnce } from '../models/cells';
import { Commands } from '../tokens';
import { add, neededText, number, OF_A_RUN, OF_A_TRANSFORM, text } from './add';
import type { Args, IArg } from './add';
import type { ICommandOptions } from './options';

/** Datums of a sample, if nobody says how many. */
export const SAMPLE = 20;

const ONCE: Record<string, IArg> = {
  which: {
    type: 'string',
    description:
      'due, fresh (new and failed), all (unchanged too), or some of new,failed,stale; new is ' +
      'added,changed,missing.'
  },
  engine: { type: 'string', description: 'A name, or the address of a cluster.' },
  workers: { type: 'number', description: 'At most.' },
  least: { type: 'number', description: 'So few workers at least while there is work.' },
  gpus: { type: 'string', description: 'GPUs of each worker: 1, 0.5, auto.' },
  batch: { type: 'number', description: 'Datums that the cell is called for at once.' },
  onError: { type: 'string', description: 'continue, stop, stop:N or stop:P%.' },
  tries: { type: 'number', description: 'Attempts in all at a datum.' },
  timeout: { type: 'string', description: 'Of one datum: 30s, 5min.' },
  sample: { type: 'number', description: 'So many datums at most.' },
  keys: {
    type: 'array',
    items: { type: 'string' },
    description: 'Datums of the plan that is shown, by their keys as it tells them.'
  },
  needs: { type: 'boolean', description: 'Transforms of the notebook that feed it run too, first.' }
};

/** Run, run on a sample, and the rule for failures of a run that goes on. */
export function addRun(options: ICommandOptions): void {
  const { actions, app, panel, trans } = options;
  const enabled = (args: Args) =>
    !panel.foreign && (panel.way !== null || typeof args.name === 'string');
  add(
    options,
    Commands.run,
    trans.__('Run the Transform'),
    async args => (await actions()).run(text(args.name), onceOf(args)),
    { enabled, args: { ...OF_A_TRANSFORM, ...ONCE } }
  );
  add(
    options,
    Commands.runSample,
    trans.__('Run the Transform on a Sample'),
    async args =>
      (await actions()).run(text(args.name), { ...onceOf(args), sample: number(args.n) ?? SAMPLE }),
    {
      enabled,
      args: {
        ...OF_A_TRANSFORM,
        n: { type: 'number', description: 'Datums; 20 if left out.' },
        ...ONCE
      }
    }
  );
  add(
    options,
    Commands.onError,
    trans.__('Say What Failures Do to the Run'),
    async args =>
      (await actions()).request(args, 'on-error', { on_error: neededText(args.rule, 'rule') }),
    {
      palette: false,
      args: {
        ...OF_A_RUN,
        rule: { type: 'string', description: 'continue, stop, stop:N or stop:P%' }
      },
      required: ['rule']
    }
  );
  add(
    options,
    Commands.settings,
    trans.__('Open the Settings of Datums'),
    async () => {
      await app.commands.execute('settingeditor:open', { query: trans.__('Datums') });
      return true;
    },
    { enabled: () => app.commands.hasCommand('settingeditor:open') }
  );
}

/** What a run is to be like, as arguments of a command say it; what they leave out is not there. */
export function onceOf(args: Args): IOnce {
  const which = text(args.which);
  onlyOf(which); // says what is wrong with it
  const once: IOnce = {
    which,
    engine: text(args.engine),
    workers: number(args.workers),
    least: number(args.least),
    gpus: text(args.gpus),
    batch: number(args.batch),
    onError: text(args.onError),
    tries: number(args.tries),
    timeout: text(args.timeout),
    sample: number(args.sample),
    keys: Array.isArray(args.keys) ? args.keys.map(String) : undefined,
    needs: args.needs === true ? true : undefined
  };
  const said = Object.entries(once).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(said) as IOnce;
}
