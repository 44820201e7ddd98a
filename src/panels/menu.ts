/** A menu of commands, as JupyterLab has them: the keyboard works, and it fits the screen. */
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

/** One line of a menu. */
export interface IItem {
  command: string;
  args: ReadonlyPartialJSONObject;
}

/** Open a menu under a button; commands that are not there are left out. */
export function openMenu(
  button: HTMLElement,
  commands: CommandRegistry,
  items: readonly (IItem | null)[]
): void {
  const menu = new Menu({ commands });
  menu.addClass('jp-datum-popup');
  for (const item of items) {
    if (item === null) {
      menu.addItem({ type: 'separator' });
    } else if (commands.hasCommand(item.command)) {
      menu.addItem({ command: item.command, args: item.args as any });
    }
  }
  const { left, bottom } = button.getBoundingClientRect();
  menu.aboutToClose.connect(() => {
    button.focus();
    // The command runs after it has closed.
    window.setTimeout(() => menu.dispose(), 0);
  });
  menu.open(left, bottom);
}
