/** Code in JupyterLab's colours, line by line; without its registry of languages there are none. */
import React from 'react';

import { visible } from '../format';
import { useHost } from '../parts';

/** A piece of a line, with the class that JupyterLab gives it. */
export interface IPiece {
  text: string;
  className: string;
}

/** The language of cells. */
const MIME = 'text/x-ipython';

/** The lines of a source; null while, or where, they are not coloured. */
export function useLines(source: string): readonly IPiece[][] | null {
  const { languages } = useHost();
  const [lines, setLines] = React.useState<IPiece[][] | null>(null);
  React.useEffect(() => {
    let shown = true;
    setLines(null);
    if (languages && source) {
      const into = document.createElement('pre');
      languages.highlight(visible(source), languages.findByMIME(MIME), into).then(
        () => shown && setLines(linesOf(into)),
        () => undefined // it stays in one colour
      );
    }
    return () => {
      shown = false;
    };
  }, [languages, source]);
  return lines;
}

/** What was drawn into an element, cut at the ends of lines. */
export function linesOf(drawn: HTMLElement): IPiece[][] {
  const lines: IPiece[][] = [[]];
  drawn.childNodes.forEach(node => {
    const className = node instanceof HTMLElement ? node.className : '';
    (node.textContent ?? '').split('\n').forEach((text, at) => {
      if (at) {
        lines.push([]);
      }
      if (text) {
        lines[lines.length - 1].push({ text, className });
      }
    });
  });
  return lines;
}
