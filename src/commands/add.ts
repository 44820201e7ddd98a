/** How a command is registered, and how its arguments are read. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { language } from '../language';
import { RemediableError } from '../remedy';
import type { IRemedy } from '../remedy';

/** What is said of one argument: JSON schema. */
export type IArg = {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  description?: string;
  enum?: string[];
  items?: IArg;
};

/** What a command is besides its name. */
export interface IMore {
  /** Whether the palette lists it; it does unless told not to. */
  palette?: boolean;
  enabled?: (args: Args) => boolean;
  /** Whether menus and toolbars show it. */
  visible?: (args: Args) => boolean;
  /** Its arguments by name. */
  args?: Record<string, IArg>;
  /** Those without which it refuses. */
  required?: string[];
  icon?: LabIcon | ((args: Args) => LabIcon);
}

/** What registering needs. */
export interface IRegistry {
  app: JupyterFrontEnd;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

export type Args = ReadonlyPartialJSONObject;

/** A command gives a value back, so that who executes it can go on with that: never nothing. */
export type Answer = boolean | number | string | null | (object & { then?: never });

/** The run that a command is about. */
export const OF_A_RUN: Record<string, IArg> = {
  project: { type: 'string', description: 'uuid of the project; left out: of the run in front' },
  run: { type: 'string', description: 'uuid of the run; left out: the run in front' },
  name: { type: 'string', description: 'or a transform of the notebook in front: its newest run' }
};

/** The transform that a command is about. */
export const OF_A_TRANSFORM: Record<string, IArg> = {
  name: { type: 'string', description: 'name of the transform; left out: the selected one' }
};

/** Register one command; what it refuses is told where the user is. */
export function add(
  options: IRegistry,
  id: string,
  label: string | ((args: Args) => string),
  execute: (args: Args) => Answer | Promise<Answer>,
  more: IMore = {}
): void {
  const { app, palette, trans } = options;
  const { args: properties = {}, required = [], icon } = more;
  app.commands.addCommand(id, {
    label,
    icon,
    isEnabled: more.enabled,
    isVisible: more.visible,
    describedBy: { args: { type: 'object', properties, required } },
    execute: async given => {
      // A menu over a row knows what it was opened on, and its item does not.
      const args = given.context === true ? { ...ofContext(app), ...given } : given;
      try {
        return await execute(args);
      } catch (reason) {
        // A refusal is told where the user is; the caller gets it as well.
        refuse(app, id, reason);
        throw reason;
      }
    }
  });
  if (more.palette !== false) {
    palette?.addItem({ command: id, category: trans.__('Datums') });
  }
}

/** The toast in which a command has refused last: asked again, it says so there and not in another. */
const refusals = new Map<string, string>();

function refuse({ commands }: JupyterFrontEnd, id: string, reason: unknown): void {
  if (reason instanceof Error && reason.name === 'ModalCancelError') {
    return; // the user has said no to JupyterLab, and knows it
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  const remedy = reason instanceof RemediableError ? reason.remedy : null;
  const mend = ({ label, command, args }: IRemedy): Notification.IAction => ({
    label,
    callback: () => void commands.execute(command, args).catch(() => undefined)
  });
  const options = { autoClose: 8000, actions: remedy ? [mend(remedy)] : [] };
  const known = refusals.get(id);
  if (!known || !Notification.update({ id: known, message, type: 'error', ...options })) {
    refusals.set(id, Notification.error(message, options));
  }
}

/** Attributes of rows and documents, as arguments. */
const ATTRIBUTES = {
  project: 'data-datum-project',
  run: 'data-datum-run',
  name: 'data-datum-name',
  group: 'data-datum-group',
  datum: 'data-datum-id'
};

/** What the context menu was opened on, by the nearest element that says so. */
function ofContext(app: JupyterFrontEnd): Args {
  const found: Record<string, string | number> = {};
  for (const [name, attribute] of Object.entries(ATTRIBUTES)) {
    const node = app.contextMenuHitTest(each => each.hasAttribute(attribute));
    const value = node?.getAttribute(attribute);
    if (value) {
      found[name] = name === 'group' || name === 'datum' ? Number(value) : value;
    }
  }
  return found;
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
    throw new Error(language.trans.__('the command needs %1, a number', name));
  }
  return value;
}

/** An argument that has to be a text. */
export function neededText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') {
    throw new Error(language.trans.__('the command needs %1, a text', name));
  }
  return value;
}
