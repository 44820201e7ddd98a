// The view of a run for hosts without the JupyterLab panel. Plain DOM, text only: nothing that
// comes from files or tracebacks is ever taken for HTML.

// Number in the states file -> word, glyph, colours of fill and text (light, dark).
const STATES = [
  { word: 'pending', glyph: '·', light: ['#e4e3df', '#5c6066'], dark: ['#47474a', '#adb0b5'] },
  { word: 'running', glyph: '▶', light: ['#0a5fd0', '#0a57bd'], dark: ['#4aa6ff', '#73baff'] },
  { word: 'success', glyph: '✓', light: ['#27a37c', '#00705a'], dark: ['#138c6c', '#4bc6a2'] },
  { word: 'failed', glyph: '✗', light: ['#b52a00', '#a82700'], dark: ['#ff8a4a', '#ff9a63'] },
  { word: 'recovered', glyph: '↩', light: ['#9c5a98', '#834580'], dark: ['#e29ac0', '#e29ac0'] },
  { word: 'skipped', glyph: '=', light: ['#a7c3ee', '#3a5f99'], dark: ['#3f5c94', '#98b6ec'] },
  { word: 'cancelled', glyph: '/', light: ['#353a42', '#3f444c'], dark: ['#d3dae3', '#d3dae3'] }
];
const BAR = ['skipped', 'recovered', 'success', 'failed', 'cancelled', 'running', 'pending'];
// As the panel lists them.
const LISTED = ['success', 'failed', 'running', 'pending', 'skipped', 'recovered', 'cancelled'];
const number = new Intl.NumberFormat('en');
/** Milliseconds within which a run that goes on is heard of: three beats of the kernel. */
const SILENT = 15000;
/** Pixels of the map: how wide it is, how high, and the side of a tile where there are few. */
const [WIDE, HIGH, TILE] = [640, 160, 16];

function make(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  if (text !== undefined) {
    node.textContent = text;
  }
  parent?.appendChild(node);
  return node;
}

/** Whether the host is dark: its text is light. A canvas reads each way of writing a colour. */
function isDark(node) {
  const context = document.createElement('canvas').getContext('2d');
  context.fillStyle = getComputedStyle(node).color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

function drawHead(node, head, silent) {
  node.replaceChildren();
  const done = head.total - head.pending - head.running;
  make('span', 'name', node, head.name);
  make('span', 'figure', node, `${number.format(done)} of ${number.format(head.total)}`);
  const at = new Date(head.at * 1000).toLocaleString([], { hourCycle: 'h23' });
  const line = silent ? `as of ${at}; no kernel tells how it went on` : head.line || head.status;
  make('span', 'line', node, line);
}

function drawCounts(node, head, theme) {
  node.replaceChildren();
  for (const state of LISTED.map(word => STATES.find(one => one.word === word))) {
    const n = head[state.word] ?? 0;
    if (n) {
      const word = state.word === 'skipped' ? 'skipped (unchanged)' : state.word;
      const item = make('span', '', node, `${state.glyph} ${word} `);
      item.style.color = state[theme][1];
      make('span', 'figure', item, number.format(n));
    }
  }
}

function drawBar(node, head, theme) {
  node.replaceChildren();
  for (const word of BAR) {
    const n = head[word] ?? 0;
    if (n) {
      const part = make('span', '', node);
      // One failure in a million stays visible.
      part.style.flex = `${n / Math.max(head.total, 1)} 0 3px`;
      part.style.background = STATES.find(state => state.word === word)[theme][0];
      part.title = `${word}: ${number.format(n)}`;
    }
  }
  const done = head.total - head.pending - head.running;
  node.setAttribute('role', 'progressbar');
  node.setAttribute('aria-label', head.name);
  node.setAttribute('aria-valuemax', head.total);
  node.setAttribute('aria-valuenow', done);
  const failed = `${number.format(head.failed ?? 0)} failed`;
  node.setAttribute(
    'aria-valuetext',
    `${number.format(done)} of ${number.format(head.total)}, ${failed}`
  );
}

function drawMap(canvas, tiles, theme) {
  const n = tiles.byteLength;
  canvas.hidden = n === 0;
  if (n === 0) {
    return;
  }
  const columns = Math.min(n, Math.max(WIDE / TILE, Math.ceil(Math.sqrt((n * WIDE) / HIGH))));
  const side = Math.max(1, Math.min(TILE, Math.floor(WIDE / columns)));
  const gap = side < 8 ? 0 : 1; // between the smallest it would be a pattern of its own
  canvas.width = columns * side;
  canvas.height = Math.ceil(n / columns) * side;
  const context = canvas.getContext('2d');
  for (let i = 0; i < n; i++) {
    context.fillStyle = STATES[tiles.getUint8(i) & 15]?.[theme][0] ?? 'transparent';
    const [x, y] = [i % columns, Math.floor(i / columns)];
    context.fillRect(x * side, y * side, side - gap, side - gap);
  }
}

function drawGroups(table, groups, further) {
  table.replaceChildren();
  for (const group of groups) {
    const row = make('tr', '', table);
    make('td', 'n', row, number.format(group.datums));
    make('td', '', row, `${group.type}: ${group.message}`);
    make('td', 'note', row, group.place);
  }
  if (further) {
    const row = make('tr', '', table);
    make('td', 'n', row, number.format(further));
    make('td', '', row, 'in further groups');
  }
}

function render({ model, el }) {
  const root = make('div', 'datum-run', el);
  const head = make('div', 'head', root);
  const bar = make('div', 'bar', root);
  const counts = make('div', 'counts', root);
  const canvas = make('canvas', 'map', root);
  const note = make('div', 'note', root);
  const groups = make('table', '', root);
  let heard = null;
  const draw = () => {
    const theme = isDark(root) ? 'dark' : 'light';
    const run = model.get('head');
    // Of a page that was saved or that has lost its kernel nobody brings the state up to date.
    const silent = !run.ended && Date.now() - (heard ?? run.at * 1000) > SILENT;
    drawHead(head, run, silent);
    drawBar(bar, run, theme);
    drawCounts(counts, run, theme);
    drawMap(canvas, model.get('tiles'), theme);
    drawGroups(groups, model.get('groups'), run.further);
    const size = number.format(run.size ?? 1);
    note.textContent = run.size > 1 ? `1 tile = ${size} datums, worst state wins` : '';
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `states of ${number.format(run.total ?? 0)} datums`);
  };
  let asked = false;
  const later = () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    }
  };
  const hear = () => {
    heard = Date.now();
    later();
  };
  model.on('change', hear);
  const clock = setInterval(later, SILENT / 3);
  later();
  return () => {
    clearInterval(clock);
    model.off('change', hear);
  };
}

export default { render };
