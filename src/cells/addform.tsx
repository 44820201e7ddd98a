/** Where the form of the property inspector is hung up; its fields come when it is first made. */
import type { IFormRendererRegistry } from '@jupyterlab/ui-components';
import type { FieldProps } from '@rjsf/utils';
import React from 'react';

import { later } from '../panels/later';
import type { IFields, IFormOptions } from './form';

/** Register the fields that the schema names. */
export function addForm(registry: IFormRendererRegistry, options: IFormOptions): void {
  let made: Promise<IFields> | null = null;
  const fields = () => (made ??= import('./form').then(({ fieldsOf }) => fieldsOf(options)));
  const Text = later<FieldProps>(async () => (await fields()).Text);
  const State = later(async () => (await fields()).State);
  registry.addRenderer('jupyter-datum:cell.text', {
    fieldRenderer: (props: FieldProps) => <Text {...props} />
  });
  registry.addRenderer('jupyter-datum:cell.state', { fieldRenderer: () => <State /> });
}

/** Unfold the form's section, which JupyterLab folds with all others. */
export function unfoldForm(): void {
  for (const section of document.querySelectorAll('.jp-NotebookTools .jp-Collapse')) {
    // By the label that the schema gives it: it has no other mark.
    if (section.querySelector('.jp-Collapser-title')?.textContent === 'Transform') {
      section.querySelector<HTMLElement>('.jp-Collapse-header-collapsed')?.click();
    }
  }
}

/** Milliseconds between two looks for a field, and how often one looks. */
const [SOON, TRIES] = [50, 60];

/**
 * The focus goes to the input, once the fields have come: unless it has gone elsewhere by then. On
 * the way it may be nowhere: the button that asked for the mark hides when the cell is marked.
 */
export async function focusInput(): Promise<void> {
  const before = document.activeElement;
  const waits = () => [before, document.body].includes(document.activeElement);
  for (let tries = 0; tries < TRIES && waits(); tries++) {
    const field = document.querySelector<HTMLElement>('[data-option="input"] > input');
    if (field?.offsetParent) {
      field.focus();
      return;
    }
    await new Promise(done => window.setTimeout(done, SOON));
  }
}
