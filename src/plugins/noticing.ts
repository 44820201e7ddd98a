/** The notifications about runs: their words, their buttons, and what is shown once only. */
import { Notification } from '@jupyterlab/apputils';

import { Notices } from '../models/notices';
import type { INotice, What } from '../models/notices';
import type { ITold } from '../models/runs';
import { count, failedOf, oneLine, span } from '../panels/format';
import type { IHost } from '../panels/parts';
import { Commands } from '../tokens';
import type { ICore } from './tokens';

const KINDS: Record<What, Notification.TypeOptions> = {
  failing: 'warning',
  done: 'success',
  expected: 'info',
  failed: 'warning',
  error: 'error',
  interrupted: 'error',
  paused: 'warning'
};

/** Tell of the runs that are heard of from now on. */
export function begin(core: ICore): void {
  const { host, preferences, runs } = core;
  const shown = new Map<string, IShown>();
  const notices = new Notices(notice => {
    if (preferences.now.notifications !== 'off') {
      void show(host, shown, notice);
    }
    if (preferences.now.notifications === 'system' && document.hidden) {
      void placeOf(host, notice).then(where => tellSystem(host, notice, where));
    }
  });
  runs.told.connect((_, told) => {
    forgetOlder(shown, told);
    notices.hear(told);
  });
  // The button of one that stands says which code it takes, and follows the cell.
  host.edits?.changed.connect(() => {
    for (const one of shown.values()) {
      void label(host, one);
    }
  });
  // Who opens the run, or a datum of it, has heard of it: what was said would lie on its buttons.
  host.commands.commandExecuted.connect((_, { id, args, result }) => {
    if (id === Commands.openRun || id === Commands.openDatum) {
      void result.then(
        place => forget(shown, place?.run ? place : args),
        () => undefined
      );
    }
  });
  // The browser asks the user, once, and only after that choice.
  preferences.changed.connect(() => {
    if (preferences.now.notifications === 'system' && 'Notification' in window) {
      void window.Notification.requestPermission();
    }
  });
}

/** Milliseconds that one lies over the page; it is kept behind the bell. What has come to a halt
 * waits for somebody. */
const STAYS: Record<What, number | false> = {
  done: 8_000,
  expected: 8_000,
  failing: 20_000,
  failed: 20_000,
  paused: false,
  interrupted: false,
  error: false
};

/** A notification that stands, what it says, and whether of an edited cell. */
interface IShown {
  id: string;
  notice: INotice;
  edited: boolean;
  /** Its notebook, where that is not the one in front. */
  where: string | null;
}

/** A transform's newer run has what its older one said: its failures may be mended by now. */
function forgetOlder(shown: Map<string, IShown>, { project, run }: ITold): void {
  const old = shown.get(`${project}/${run.name}`);
  if (old && run.id > old.notice.run.id) {
    Notification.dismiss(old.id);
    shown.delete(`${project}/${run.name}`);
  }
}

function forget(shown: Map<string, IShown>, opened: { project?: unknown; run?: unknown }): void {
  for (const [key, { id, notice }] of shown) {
    if (notice.project === opened.project && notice.run.uuid === opened.run) {
      Notification.dismiss(id);
      shown.delete(key);
    }
  }
}

/** One notification a transform: what it says now takes the place of what it said. */
async function show(host: IHost, shown: Map<string, IShown>, notice: INotice): Promise<void> {
  const { project, run, what } = notice;
  const message = words(host, notice, null);
  const key = `${project}/${run.name}`;
  const known = shown.get(key)?.id;
  const options = {
    actions: actions(host, notice, false),
    autoClose: STAYS[what]
  } as const;
  const type = KINDS[what];
  const there = known && Notification.update({ id: known, message, type, ...options });
  const id = there ? known : Notification.emit(message, type, options);
  const one: IShown = { id, notice, edited: false, where: null };
  shown.set(key, one);
  one.where = await placeOf(host, notice);
  const stands = () => shown.get(key) === one; // else it says by now what came later
  if (one.where !== null && stands()) {
    Notification.update({ id, message: words(host, notice, one.where) });
  }
  if (stands()) {
    await label(host, one);
  }
}

/** Another notebook may have a transform of the same name: which it is. */
async function placeOf(host: IHost, { project, run }: INotice): Promise<string | null> {
  return (await host.elsewhere?.(project, run.uuid).catch(() => null)) ?? null;
}

/** Have the button of a notification say which code a retry takes. */
async function label(host: IHost, one: IShown): Promise<void> {
  const { id, notice } = one;
  if (notice.what !== 'failed') {
    return;
  }
  const edited = (await host.edits?.editedSince(notice.project, notice.run.uuid)) === true;
  if (edited !== one.edited) {
    one.edited = edited;
    Notification.update({
      id,
      message: words(host, notice, one.where),
      actions: actions(host, notice, edited)
    });
  }
}

function tellSystem(host: IHost, notice: INotice, where: string | null): void {
  if ('Notification' in window && window.Notification.permission === 'granted') {
    const note = new window.Notification(words(host, notice, where), { tag: notice.run.uuid });
    note.onclick = () => window.focus();
  }
}

function words({ trans }: IHost, { run, what }: INotice, where: string | null): string {
  const name =
    where === null
      ? trans.__('%1 · run %2', oneLine(run.name), run.id)
      : trans.__('%1 · run %2 of %3', oneLine(run.name), run.id, oneLine(where));
  const took = span((run.ended ?? 0) - (run.started ?? run.requested));
  switch (what) {
    case 'failing':
      return run.expected
        ? trans.__('%1: a datum has failed as nobody expected', name)
        : trans.__('%1: the first datum has failed', name);
    case 'done':
      return trans._n(
        '%2: done, 1 datum in %4',
        '%2: done, %3 datums in %4',
        run.total,
        name,
        count(run.total),
        took
      );
    case 'expected':
    case 'failed':
      return run.cancelled // by its own rule: what it had to do is not done
        ? trans.__('%1: stopped, %2', name, failedOf(trans, run))
        : trans.__('%1: done, %2', name, failedOf(trans, run));
    case 'interrupted':
      return trans.__('%1: interrupted, no runner works at it', name);
    case 'paused':
      return trans.__('%1: paused: %2', name, oneLine(run.message ?? ''));
    case 'error':
      return trans.__('%1: could not go on: %2', name, oneLine(run.message ?? ''));
  }
}

function actions(
  { trans, commands }: IHost,
  { project, run, what }: INotice,
  edited: boolean
): Notification.IAction[] {
  const args = { project, run: run.uuid };
  const act = (label: string, id: string, more = {}): Notification.IAction => ({
    label,
    callback: () => void commands.execute(id, { ...args, ...more }).catch(() => undefined)
  });
  const bad = run.failed > 0;
  const first = act(trans.__('Show'), Commands.openRun, bad ? { tab: 'failures' } : {});
  if (what === 'failed' && (edited || run.retryable === null)) {
    const n = count(run.failed);
    const retry = edited ? trans.__('Retry %1 with the edited cell', n) : trans.__('Retry %1', n);
    return [first, act(retry, Commands.retryFailed)];
  }
  return what === 'interrupted' ? [first, act(trans.__('Resume'), Commands.resume)] : [first];
}
