/** How a command is registered, and how its arguments are read. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** What is said of one argument: JSON schema. */
export type IArg = {
  type: 'string' | 'number' | 'boolean' | 'array' | 'object';
  description?: string;
  enum?: string[];
};

/** What a command is besides its name. */
export interface IMore {
  /** Whether the palette lists it; it does unless told not to. */
  palette?: boolean;
  enabled?: () => boolean;
  /** Its arguments by name. */
  args?: Record<string, IArg>;
}

/** What registering needs. */
export interface IRegistry {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

export type Args = ReadonlyPartialJSONObject;

/** Register one command; what it refuses is told where the user is. */
export function add(
  options: IRegistry,
  id: string,
  label: string,
  execute: (args: Args) => unknown,
  more: IMore = {}
): void {
  const { app, palette, trans } = options;
  app.commands.addCommand(id, {
    label,
    isEnabled: more.enabled,
    describedBy: { args: { type: 'object', properties: more.args ?? {} } },
    execute: async args => {
      try {
        return (await execute(args)) ?? null;
      } catch (reason) {
        // A refusal is told where the user is; the caller gets it as well.
        const message = reason instanceof Error ? reason.message : String(reason);
        Notification.error(message, { autoClose: 8000 });
        throw reason;
      }
    }
  });
  if (more.palette !== false) {
    palette?.addItem({ command: id, category: trans.__('Datums') });
  }
}

/** An argument that is a number, if it is one. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** An argument that is a text, if it is one. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** An argument that has to be a number. */
export function needed(value: unknown, name: string): number {
  if (typeof value !== 'number') {
    throw new Error(`the command needs ${name}, a number`);
  }
  return value;
}
