/** Where the focus goes once a cell has been marked. */
import { focusInput } from '../addform';

function add<T extends HTMLElement>(tag: string, parent: HTMLElement = document.body): T {
  const node = document.createElement(tag);
  // jsdom lays nothing out: what is in the page counts as shown.
  Object.defineProperty(node, 'offsetParent', { get: () => node.parentElement });
  return parent.appendChild(node) as T;
}

function addField(): HTMLInputElement {
  const field = add('div');
  field.dataset.option = 'input';
  return add<HTMLInputElement>('input', field);
}

describe('focusInput', () => {
  let button: HTMLButtonElement;

  beforeEach(() => {
    document.body.replaceChildren();
    button = add('button');
    button.focus();
  });

  it('waits for a form that has never been shown, though the button that asked has gone', async () => {
    const done = focusInput();
    button.remove();
    expect(document.activeElement).toBe(document.body);
    await new Promise(wait => setTimeout(wait, 120));
    const input = addField();
    await done;
    expect(document.activeElement).toBe(input);
  });

  it('leaves the focus to who has gone elsewhere', async () => {
    const done = focusInput();
    const other = add<HTMLButtonElement>('button');
    other.focus();
    addField();
    await done;
    expect(document.activeElement).toBe(other);
  });
});
