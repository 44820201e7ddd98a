/** What happens to runs, as lines of JupyterLab's log console. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IGroup, IRun, IWorker } from '../tokens';
import { ENDED } from '../tokens';
import { failedOf, oneLine, placeWord, standing, statusWord } from './format';
import { moment } from './when';

/** One line; the levels are those of the log console. */
export interface ILine {
  level: 'info' | 'warning' | 'error';
  text: string;
}

/** What a list says of a run that it did not say before. */
export function linesOfRun(trans: TranslationBundle, run: IRun, before: IRun | null): ILine[] {
  const lines: ILine[] = [];
  if (run.status !== before?.status) {
    const bad = run.status === 'error' || run.status === 'interrupted';
    const level = bad ? 'error' : run.status === 'failed' ? 'warning' : 'info';
    lines.push({ level, text: endOf(trans, run) });
  }
  if (run.message && run.message !== before?.message) {
    lines.push({ level: 'warning', text: oneLine(run.message) });
  }
  const known = new Set(before?.missing ?? []);
  for (const sentence of run.missing ?? []) {
    if (!known.has(sentence)) {
      lines.push({ level: 'warning', text: oneLine(sentence) });
    }
  }
  return lines;
}

/** The same of a run that nobody has listened to: when it was stands with it. */
export function linesOfPast(trans: TranslationBundle, run: IRun): ILine[] {
  const { started, ended } = run;
  const at = (line: ILine, when: number | null) =>
    when === null ? line : { ...line, text: `${moment(when)} ${line.text}` };
  const began: ILine = { level: 'info', text: statusWord(trans, 'running') };
  const [state, ...rest] = linesOfRun(trans, run, null);
  return [...(started === null ? [] : [at(began, started)]), ...rest, at(state, ended)];
}

function endOf(trans: TranslationBundle, run: IRun): string {
  const word = standing(trans, run);
  return ENDED.has(run.status) ? trans.__('%1: %2', word, failedOf(trans, run)) : word;
}

/** A kind of failure that was not there before. */
export function lineOfGroup(trans: TranslationBundle, group: IGroup): ILine {
  const what = `${oneLine(group.type)}: ${oneLine(group.message)}`;
  if (group.expected) {
    return { level: 'info', text: trans.__('a kind of failure that is expected: %1', what) };
  }
  const text = group.place
    ? trans.__('a new kind of failure: %1 (%2)', what, placeWord(trans, group.place))
    : trans.__('a new kind of failure: %1', what);
  return { level: 'error', text };
}

/** A worker that was there and is gone. */
export function lineOfWorker(trans: TranslationBundle, worker: IWorker): ILine {
  const name = oneLine(worker.worker);
  return {
    level: 'warning',
    text: trans.__('worker %1 is gone (%2)', name, oneLine(worker.state))
  };
}

/** What has become of the workers as a whole. */
export function lineOfCluster(trans: TranslationBundle, state: string, message: string): ILine {
  const text = message
    ? trans.__('workers: %1 (%2)', oneLine(state), oneLine(message))
    : trans.__('workers: %1', oneLine(state));
  return { level: 'info', text };
}
