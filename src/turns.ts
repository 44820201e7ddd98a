/**
 * What a message of the server changes is drawn by one page after the other, a frame each: a run
 * that goes on changes them all four times a second, and all at once would be one long frame.
 */

let unhurried = false;

/** Tell views of what nobody waits for: each draws it in its turn. */
export function inTurn(tell: () => void): void {
  const before = unhurried;
  unhurried = true;
  try {
    tell();
  } finally {
    unhurried = before;
  }
}

/** Pages with what each has to draw, the one that has waited longest first. */
const waiting = new Map<object, Set<() => void>>();
/** Frames that are left to the maps, at most: they paint a change in the frame that comes first. */
const PATIENCE = 3;
let told = false;
let left = 0;

/**
 * Draw now, as an input wants that is typed into; what was told `inTurn` in the turn of its page.
 *
 * @param page - what is drawn in one frame.
 * @param draw - has React draw something of it.
 */
export function drawn(page: object, draw: () => void): void {
  if (!unhurried) {
    draw();
    return;
  }
  told = true;
  const slots = waiting.get(page);
  if (slots) {
    slots.add(draw);
    return;
  }
  if (!waiting.size) {
    requestAnimationFrame(turn);
  }
  waiting.set(page, new Set([draw]));
}

function turn(): void {
  const [[page, slots]] = waiting;
  const mine = !told || left === PATIENCE;
  left = mine ? 0 : left + 1;
  told = false;
  if (mine) {
    waiting.delete(page);
  }
  if (waiting.size) {
    requestAnimationFrame(turn);
  }
  if (mine) {
    slots.forEach(draw => draw());
  }
}
