/** How large the picture of the transforms is drawn in the room that it has. */

export interface IRoom {
  width: number;
  height: number;
}

/** Steps of the zoom. */
const STEP = 1.25;
const [LEAST, MOST] = [0.4, 2];
/** At this one the smallest text, of 11 px, is 9 px high: legible still. */
const LEGIBLE = 9 / 11;

/** The zoom at which all of it is seen, however small its text is then; never enlarged. */
export function whole(laid: IRoom, room: IRoom): number {
  return Math.min(1, room.width / laid.width, room.height / laid.height);
}

/** The one to begin with: all of it within reason, text stays legible and the rest scrolls. */
export function fitted(laid: IRoom, room: IRoom): number {
  return Math.max(LEGIBLE, whole(laid, room));
}

/** How much of it is seen then, from 0 to 1. */
export function seen(laid: IRoom, room: IRoom): number {
  const zoom = fitted(laid, room);
  const part = (has: number, needs: number) => Math.min(1, has / (needs * zoom));
  return part(room.width, laid.width) * part(room.height, laid.height);
}

/** One step out or in; never less than `all`, at which all is seen, if that is a small one. */
export function stepped(zoom: number, way: 'out' | 'in', all: number): number {
  const next = way === 'in' ? zoom * STEP : zoom / STEP;
  return Math.max(Math.min(LEAST, all), Math.min(MOST, next));
}
