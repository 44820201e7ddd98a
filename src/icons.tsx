/** Glyphs, as paths: a state is always glyph, word and colour. */
import { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { State } from './tokens';

/** Glyphs of states, on a field of 12. */
const STATE_PATHS: Record<State | 'interrupted', string> = {
  pending: 'M6 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
  running: 'M3 1.5 10.5 6 3 10.5z',
  success: 'M4.6 10.2 1 6.6l1.3-1.3 2.3 2.3 5.1-5.4L11 3.4z',
  skipped: 'M1.5 3.2h9v1.9h-9zM1.5 6.9h9v1.9h-9z',
  failed:
    'm2.9 1.5 3.1 3.1 3.1-3.1 1.4 1.4L7.4 6l3.1 3.1-1.4 1.4L6 7.4l-3.1 3.1-1.4-1.4L4.6 6 1.5 2.9z',
  recovered:
    'M6 1.2a4.8 4.8 0 0 1 4.8 4.8A4.8 4.8 0 0 1 1.9 8.5l1.6-.8A3 3 0 1 0 4 3.8l1.3 1.4H1V.9l1.7 1.7A4.8 4.8 0 0 1 6 1.2z',
  cancelled: 'M8.8 1 10.4 2 3.2 11 1.6 10z',
  interrupted: 'M6 .8 11.6 11H.4zM5.3 4.4v3.2h1.4V4.4zm0 4.2V10h1.4V8.6z'
};

/** Glyphs of buttons, on a field of 16. */
const ICON_PATHS = {
  down: 'M4 6h8l-4 4.5z',
  right: 'M6 4v8l4.5-4z',
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  stop: 'M3.5 3.5h9v9h-9z',
  retry: 'M11.8 4.2A5.4 5.4 0 1 0 13.2 9.5h-1.6A3.9 3.9 0 1 1 10.7 5.3L8.7 7.3h5V2.3z',
  detach: 'M3 4h5v1.4H4.4v6.2h6.2V8H12v5H3zM9 2.6h4.4V7H12V5L7.6 9.4l-1-1L11 4H9z',
  open: 'M3 2.5h6L13 6.5v7H3zm1.4 1.4v8.2h7.2V7.3H8.2V3.9z',
  minus: 'M3 7.2h10v1.6H3z',
  below: 'M4 2h1.5v6.5h4V5.6l3.7 3.7-3.7 3.7v-2.9H4z',
  plus: 'M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z',
  refresh:
    'M8 2.5a5.5 5.5 0 0 1 4.3 2.1V2.5H14V8H8.5V6.3h2.9A3.9 3.9 0 1 0 11.9 9h1.6A5.5 5.5 0 1 1 8 2.5z',
  warn: 'M8 1.8 15 14H1zM7.3 6v4h1.4V6zm0 5v1.5h1.4V11z',
  file: 'M3.5 2h6l3 3v9h-9zm1.3 1.3v9.4h6.4V5.8H8.7V3.3z',
  folder: 'M1.5 3.5h5l1.5 1.6h6.5v8h-13z',
  copy: 'M5 2h8v9H5zm1.4 1.4v6.2h5.2V3.4zM3 5v9h8v-1.4H4.4V5z',
  close:
    'm3.6 2.5 4.4 4.4 4.4-4.4 1.1 1.1L9.1 8l4.4 4.4-1.1 1.1L8 9.1l-4.4 4.4-1.1-1.1L6.9 8 2.5 3.6z',
  left: 'M10 4v8L5.5 8z',
  more: 'M8 2.6a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8zm0 4a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8zm0 4a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8z',
  image:
    'M2 3h12v10H2zm1.4 1.4v5.8l3-3 2.4 2.4 1.6-1.4 2.2 2.2V4.4zm7 .8a1.2 1.2 0 1 1 0 2.4 1.2 1.2 0 0 1 0-2.4z',
  search:
    'M7 2a5 5 0 0 1 4 8l3.2 3.2-1.1 1.1L9.9 11A5 5 0 1 1 7 2zm0 1.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  download: 'M7.2 2h1.6v5.3l2-2L12 6.4l-4 4-4-4 1.2-1.1 2 2zM3 12h10v1.6H3z',
  lock: 'M5 7V5.2a3 3 0 0 1 6 0V7h1v6.5H4V7zm1.4 0h3.2V5.2a1.6 1.6 0 0 0-3.2 0z',
  gear: 'M7 1.5h2l.3 1.7 1.2.5 1.4-1 1.4 1.4-1 1.4.5 1.2 1.7.3v2l-1.7.3-.5 1.2 1 1.4-1.4 1.4-1.4-1-1.2.5L9 14.5H7l-.3-1.7-1.2-.5-1.4 1-1.4-1.4 1-1.4-.5-1.2L1.5 9V7l1.7-.3.5-1.2-1-1.4 1.4-1.4 1.4 1 1.2-.5zM8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z',
  sample:
    'M2 2h5v5H2zm1.4 1.4v2.2h2.2V3.4zM9 2h5v5H9zm1.4 1.4v2.2h2.2V3.4zM2 9h5v5H2zm7 0h5v5H9zm1.4 1.4v2.2h2.2v-2.2z',
  eye: 'M8 3.5c3 0 5.400 1.900 6.700 4.500C13.400 10.600 11 12.500 8 12.500S2.600 10.600 1.300 8C2.600 5.400 5 3.500 8 3.500zm0 1.400C5.700 4.900 3.900 6.200 2.900 8c1 1.800 2.800 3.100 5.100 3.100s4.100-1.300 5.100-3.100c-1-1.800-2.800-3.100-5.100-3.100zm0 1.200a1.900 1.900 0 1 1 0 3.800 1.900 1.900 0 0 1 0-3.800z',
  save: 'M7.2 2h1.6v6l2.2-2.2 1.1 1.1L8 11 3.9 6.9 5 5.8 7.2 8zM3 12.4h10V14H3z',
  notebook: 'M3 2h10v12H3zm1.4 1.4v9.2h7.2V3.4zM6 5h4v1.3H6zm0 2.5h4v1.3H6z',
  bug: 'M5.3 4.2a2.7 2.7 0 0 1 5.4 0l.1.6c.5.4.9 1 1.1 1.6H14v1.3h-1.9v1.2H14v1.3h-2a4 4 0 0 1-8 0H2V8.9h1.9V7.7H2V6.4h2.1c.2-.6.6-1.2 1.1-1.6zM6.7 7v1.2h2.6V7zm0 2.5v1.2h2.6V9.5z',
  cell: 'M2 3h12v10H2zm1.4 1.4v7.2h9.2V4.4zM5 6.2l2 1.8-2 1.8zm3 2.6h3v1H8z'
} as const;

/** Names of the glyphs of buttons. */
export type IconName = keyof typeof ICON_PATHS;

/** The glyph of a state; beside its word it is decoration. */
export function Glyph(props: { state: State | 'interrupted'; label?: string }): JSX.Element {
  const { state, label } = props;
  const spoken = label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true };
  return (
    <svg className="jp-datum-glyph" data-state={state} viewBox="0 0 12 12" {...spoken}>
      {label ? <title>{label}</title> : null}
      <path fillRule="evenodd" d={STATE_PATHS[state]} />
    </svg>
  );
}

/** The glyph of a button. */
export function Icon(props: { name: IconName }): JSX.Element {
  return (
    <svg className="jp-datum-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path fillRule="evenodd" d={ICON_PATHS[props.name]} />
    </svg>
  );
}

const GRID =
  'M2 2h3.4v3.4H2zm4.3 0h3.4v3.4H6.3zm4.3 0H14v3.4h-3.4zM2 6.3h3.4v3.4H2zm4.3 0h3.4v3.4H6.3zm4.3 0H14v3.4h-3.4zM2 10.6h3.4V14H2zm4.3 0h3.4V14H6.3z';

/** The panel's own icon: datums, one of them missing. */
export const datumIcon = new LabIcon({
  name: 'jupyter-datum:datums',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><path class="jp-icon3" fill="currentColor" d="${GRID}"/></svg>`
});

/** Glyphs of commands in toolbars and menus. */
function labIcon(name: string, path: string, box = 16): LabIcon {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 ${box} ${box}"><path class="jp-icon3" fill="currentColor" fill-rule="evenodd" d="${path}"/></svg>`;
  return new LabIcon({ name: `jupyter-datum:${name}`, svgstr: svg });
}

/** The same for commands: JupyterLab draws these. */
export const LAB_ICONS = {
  play: labIcon('run', 'M2 2h3.4v3.4H2zm0 4.3h3.4v3.4H2zm0 4.3h3.4V14H2zM7 3v10l7.5-5z'),
  sample: labIcon('sample', 'M2 6.3h3.4v3.4H2zM7 3v10l7.5-5zm1.5 2.8L11.8 8l-3.3 2.2z'),
  retry: labIcon('retry', ICON_PATHS.retry),
  left: labIcon('left', ICON_PATHS.left),
  right: labIcon('right', ICON_PATHS.right),
  first: labIcon('first', 'M3.5 4H5v8H3.5zM12 4v8L6 8z'),
  failed: labIcon('failed', STATE_PATHS.failed, 12),
  cell: labIcon('cell', ICON_PATHS.cell),
  copy: labIcon('copy', ICON_PATHS.copy),
  debug: labIcon(
    'debug',
    'M6 2.5 7 4h2l1-1.5 1.1.7-.8 1.3q1 .8 1.2 2H13V8h-1.4v1H13v1.4h-1.7Q10.500 13.500 8 13.500T4.700 10.400H3V9h1.400V8H3V6.500h1.500q.2-1.200 1.200-2l-.8-1.300zM7 7v1.300h2V7zm0 2.500v1.300h2V9.500z'
  ),
  compare: labIcon(
    'compare',
    'M2 3h5v10H2zm1.400 1.400v7.200h2.200V4.400zM9 3h5v10H9zm1.400 1.400v7.200h2.200V4.400z'
  ),
  mark: labIcon(
    'mark',
    'M2 2h5v5H2zm1.400 1.400v2.200h2.200V3.400zM9 2h5v5H9zM2 9h5v5H2zm9-1h1.500v2.500H15V12h-2.500v2.500H11V12H8.500v-1.500H11z'
  )
} as const;
