/** Single keys are commands, but not where one types. */

const TYPES = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]';

/**
 * Let the shortcuts for `.jp-datum-keys` hold in a widget: not while a field has the focus.
 *
 * JupyterLab hears a key after the element that has the focus, Notebook before it. What has keys
 * of its own names them (`data-datum-takes="n p Escape"`), and the selectors of shortcuts spare
 * `data-datum-taken`: so both do the same.
 */
export function bindKeys(node: HTMLElement): void {
  const look = (target: EventTarget | null) => {
    const here = target instanceof Element ? target : null;
    node.classList.toggle('jp-datum-keys', !here?.closest(`${TYPES}, .cm-editor`));
    const takes = here?.closest<HTMLElement>('[data-datum-takes]')?.dataset.datumTakes;
    node.dataset.datumTaken = takes ?? '';
  };
  node.addEventListener('focusin', event => look(event.target));
  node.addEventListener('focusout', event => look(event.relatedTarget));
  look(null);
  keepFocus(node);
}

/** What is taken away with the focus in it leaves the focus here, and not at the page's beginning. */
function keepFocus(node: HTMLElement): void {
  node.tabIndex = -1;
  let held: Element | null = null;
  node.addEventListener('focusin', ({ target }) => (held = target as Element));
  node.addEventListener('focusout', ({ target }) =>
    // Once it is known whether it has been taken away.
    queueMicrotask(() => {
      if (held === target && held?.isConnected) {
        held = null;
      }
    })
  );
  new MutationObserver(() => {
    if (held && !held.isConnected) {
      held = null;
      if (document.activeElement === document.body) {
        node.focus({ preventScroll: true });
      }
    }
  }).observe(node, { childList: true, subtree: true });
}
