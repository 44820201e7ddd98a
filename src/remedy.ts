/** Refusals that one command takes away: where they are told, there is a button for it. */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** What to do against a refusal. */
export interface IRemedy {
  label: string;
  command: string;
  args: ReadonlyPartialJSONObject;
}

/** A refusal with its remedy. */
export class RemediableError extends Error {
  constructor(
    message: string,
    readonly remedy: IRemedy
  ) {
    super(message);
  }
}
