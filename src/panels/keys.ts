/** Single keys are commands, but not where one types. */

const TYPES = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]';

/**
 * Let the shortcuts for `.jp-datum-keys` hold in a widget: not while a field has the focus, and
 * not while what has it takes Escape for itself (`data-datum-escape`: a menu, a lens).
 */
export function bindKeys(node: HTMLElement): void {
  const look = (target: EventTarget | null) => {
    const own =
      target instanceof Element && target.closest(`${TYPES}, .cm-editor, [data-datum-escape]`);
    node.classList.toggle('jp-datum-keys', !own);
  };
  node.addEventListener('focusin', event => look(event.target));
  node.addEventListener('focusout', event => look(event.relatedTarget));
  look(null);
}
