/** A menu below a button: JupyterLab's own, so that keys and screen readers know it. */
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

/** One line of a menu. */
export interface IMenuItem {
  label: string;
  disabled?: boolean;
  /** Marks the one that is chosen. */
  chosen?: boolean;
  execute(): unknown;
}

/** Open a menu below its button; it is gone once something was chosen. */
export function openMenu(button: HTMLElement, items: readonly IMenuItem[]): void {
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  items.forEach((item, at) => {
    const command = `datum-menu:${at}`;
    const { label, disabled, chosen } = item;
    commands.addCommand(command, {
      label,
      isEnabled: () => !disabled,
      isToggled: () => chosen === true,
      isToggleable: chosen !== undefined,
      execute: () => void item.execute()
    });
    menu.addItem({ command });
  });
  // The chosen command is executed after the menu has closed.
  menu.aboutToClose.connect(() => {
    button.setAttribute('aria-expanded', 'false');
    button.focus();
    window.setTimeout(() => menu.dispose());
  });
  const { left, bottom } = button.getBoundingClientRect();
  button.setAttribute('aria-expanded', 'true');
  menu.open(left, bottom);
}
