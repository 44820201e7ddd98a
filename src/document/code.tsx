/** Code as it was recorded, in the colours of the page's editors. */
import React from 'react';

import { visible } from '../panels/format';
import { useHost } from '../panels/parts';

/** The code; JupyterLab's own renderer colours it, where there is one. */
export function Code(props: { source: string }): JSX.Element {
  const { rendermime } = useHost();
  const source = visible(props.source);
  const ref = React.useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = React.useState(false);
  React.useEffect(() => {
    const { current } = ref;
    if (!current || !rendermime) {
      return;
    }
    const renderer = rendermime.createRenderer('text/markdown');
    const data = { 'text/markdown': fenced(source) };
    const model = rendermime.createModel({ data, trusted: false });
    let shown = true;
    renderer.renderModel(model).then(
      () => {
        if (shown) {
          current.replaceChildren(renderer.node);
          setDrawn(true);
        }
      },
      () => undefined // the plain text stays
    );
    return () => {
      shown = false;
      renderer.dispose();
    };
  }, [rendermime, source]);
  return (
    <div className="jp-datum-code-view">
      <div ref={ref} />
      {drawn ? null : <pre>{source}</pre>}
    </div>
  );
}

/** The code as a block of Markdown that nothing in it can end. */
export function fenced(source: string): string {
  const longest = Math.max(2, ...(source.match(/`+/g) ?? []).map(found => found.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}python\n${source}\n${fence}`;
}
