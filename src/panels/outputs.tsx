/** What a datum's cell displayed, drawn as untrusted: HTML is sanitised, scripts never run. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import React from 'react';

import type { IOutput } from '../tokens';
import { visible } from './format';
import { useHost } from './parts';

/** All outputs of a datum; its result is left out where the page shows it already. */
export function Outputs(props: {
  outputs: readonly IOutput[];
  /** Whether they are of an attempt that failed then. */
  failed?: boolean;
}): JSX.Element | null {
  const { trans, rendermime } = useHost();
  const { outputs, failed } = props;
  if (!outputs.length) {
    return null;
  }
  return (
    <section>
      <h2>
        {failed ? trans.__('What it displayed until it failed') : trans.__('What it displayed')}
      </h2>
      {outputs.map((output, at) => (
        <Output key={at} output={output} rendermime={rendermime ?? null} />
      ))}
    </section>
  );
}

function Output(props: {
  output: IOutput;
  rendermime: IRenderMimeRegistry | null;
}): JSX.Element | null {
  const { output, rendermime } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const mime = rendermime?.preferredMimeType(output.data as ReadonlyPartialJSONObject, 'ensure');
  React.useLayoutEffect(() => {
    if (!rendermime || !mime || !node.current) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    const data = output.data as ReadonlyPartialJSONObject;
    const model = rendermime.createModel({ data, trusted: false });
    Widget.attach(renderer, node.current);
    // What cannot be drawn leaves its place empty; the text of others is not lost by it.
    void renderer.renderModel(model).catch(() => undefined);
    return () => renderer.dispose();
  }, [output, rendermime, mime]);
  if (mime) {
    return <div className="jp-datum-shown jp-RenderedHTMLCommon" ref={node} data-mime={mime} />;
  }
  const text = output.data['text/plain'];
  return typeof text === 'string' ? <pre className="jp-datum-code">{visible(text)}</pre> : null;
}
