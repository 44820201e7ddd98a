/** Which keys are shortcuts, by what has the focus. */
import * as fs from 'fs';
import * as path from 'path';

import { bindKeys } from '../keys';

const schema = JSON.parse(
  fs.readFileSync(path.join(__dirname, '..', '..', '..', 'schema', 'panel.json'), 'utf-8')
);

/** The keys whose shortcut holds on an element: of panels, not those of the whole page. */
function heard(node: HTMLElement): string[] {
  return schema['jupyter.lab.shortcuts']
    .filter(({ selector }: { selector: string }) => selector !== 'body' && node.matches(selector))
    .map(({ keys }: { keys: string[] }) => keys[0])
    .sort();
}

describe('shortcuts of single keys', () => {
  const page = document.createElement('div');
  const put = (tag: string, more: Record<string, string>, into: Element = page) => {
    const node = document.createElement(tag);
    Object.entries(more).forEach(([name, value]) => node.setAttribute(name, value));
    into.append(node);
    return node;
  };
  put('button', {});
  put('input', { type: 'text' });
  put('input', { type: 'checkbox' });
  put('div', { id: 'map', tabindex: '0', 'data-datum-takes': 'n p Escape' });
  put(
    'button',
    { id: 'in' },
    put('div', { id: 'grid', tabindex: '0', 'data-datum-takes': 'Escape' })
  );
  document.body.append(page);
  bindKeys(page);
  const focus = (selector: string) => {
    page.querySelector<HTMLElement>(selector)!.focus();
    return heard(page);
  };
  const all = ['Escape', 'F', 'N', 'P', 'Shift R'];

  it('hold where nobody types', () => {
    expect(heard(page)).toEqual(all);
    expect(focus('button')).toEqual(all);
    expect(focus('input[type=text]')).toEqual([]);
    expect(focus('input[type=checkbox]')).toEqual(all);
  });

  it('spare what has such keys of its own, whoever hears them first', () => {
    expect(focus('#map')).toEqual(['F', 'Shift R']);
    expect(focus('#grid')).toEqual(['F', 'N', 'P', 'Shift R']);
    expect(focus('#in')).toEqual(['F', 'N', 'P', 'Shift R']);
    expect(focus('button')).toEqual(all);
  });

  it('go on in the panel when what had the focus is taken away, and only then', async () => {
    const soon = () => new Promise(done => setTimeout(done));
    const pressed = put('button', {});
    pressed.focus();
    pressed.remove();
    await soon();
    expect(document.activeElement).toBe(page);

    const left = put('button', {});
    left.focus();
    left.blur();
    await soon();
    left.remove();
    await soon();
    expect(document.activeElement).toBe(document.body);
  });
});
