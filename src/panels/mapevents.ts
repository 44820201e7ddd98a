/** What pointer, wheel and keys do to the large map. */
import React from 'react';

import type { MapModel } from '../models/map';
import type { Range } from '../models/tiles';
import { Commands } from '../tokens';
import type { ICardActions } from './mapcard';
import { useHost } from './parts';

/** A press that moves farther is a drag. */
const DRAG = 4;
/** Turns of a wheel that make a step. */
const TURN = 60;

/** Keys of the map. What it does not know it leaves to others. */
export function useKeys(
  model: MapModel,
  act: (range: Range | null) => ICardActions
): (event: React.KeyboardEvent) => void {
  const { commands } = useHost();
  const leave = () => void commands.execute(Commands.showNotebook).catch(() => undefined);
  return event => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    // A capital letter is a shortcut, for more than the map.
    if (ctrlKey || metaKey || altKey || (shiftKey && /^[a-z]$/i.test(key))) {
      return;
    }
    const { columns } = model.plan;
    const page = columns * model.seen;
    const move = (n: number) => () => model.move(n, shiftKey);
    const known: Record<string, () => unknown> = {
      ArrowLeft: move(-1),
      ArrowRight: move(1),
      ArrowUp: move(-columns),
      ArrowDown: move(columns),
      PageUp: move(-page),
      PageDown: move(page),
      Home: move(-Infinity),
      End: move(Infinity),
      '+': () => model.zoom(1),
      '=': () => model.zoom(1),
      '-': () => model.zoom(-1),
      '0': () => model.zoom(-model.step),
      n: () => model.seek(1),
      p: () => model.seek(-1),
      Enter: () => act(null).open(),
      t: () => act(null).table?.(),
      r: () => act(null).retry?.(),
      Escape: () => model.drop() || leave()
    };
    const found = known[key.length === 1 ? key.toLowerCase() : key];
    if (found && found() !== false) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
}

/** Wheel: nearer and farther at the pointer; with Shift, up and down. */
export function useWheel(model: MapModel, field: React.RefObject<HTMLElement>): void {
  React.useEffect(() => {
    const node = field.current;
    let turned = 0;
    const turn = (event: WheelEvent) => {
      const delta = event.deltaY || event.deltaX;
      turned = turned * delta < 0 ? delta : turned + delta;
      const by = Math.trunc(turned / TURN);
      event.preventDefault();
      if (!by) {
        return;
      }
      turned = 0;
      const box = node!.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      if (event.shiftKey) {
        model.pan(by * Math.max(1, Math.round(model.seen / 8)));
      } else {
        model.zoom(-Math.sign(by), { rank: model.near(x, y)[0], below: y });
      }
    };
    node?.addEventListener('wheel', turn, { passive: false });
    return () => node?.removeEventListener('wheel', turn);
  }, [model]);
}

type PointerEvents = Pick<
  React.DOMAttributes<HTMLElement>,
  | 'onPointerDown'
  | 'onPointerMove'
  | 'onPointerUp'
  | 'onPointerCancel'
  | 'onPointerLeave'
  | 'onDoubleClick'
>;

interface IPress {
  x: number;
  y: number;
  first: Range;
  pan: boolean;
  moved: boolean;
  top: number;
}

/** Drag selects, with Alt or the middle button it moves the map; a click holds a tile. */
export function useDrag(
  model: MapModel,
  field: React.RefObject<HTMLElement>,
  setHover: (range: Range | null) => void
): { events: PointerEvents; panning: boolean } {
  const { commands } = useHost();
  const press = React.useRef<IPress | null>(null);
  const [panning, setPanning] = React.useState(false);
  const onTiles = ({ target }: React.SyntheticEvent) =>
    target === field.current ||
    (target instanceof HTMLCanvasElement && target.parentNode === field.current);
  const place = (event: React.MouseEvent) => {
    const box = field.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  const end = () => {
    press.current = null;
    setPanning(false);
  };
  const follow = (event: React.PointerEvent, held: IPress) => {
    const [x, y] = place(event);
    held.moved = held.moved || Math.hypot(x - held.x, y - held.y) > DRAG;
    if (held.pan) {
      model.pan(held.top - Math.round((y - held.y) / model.plan.tile) - model.top);
    } else if (held.moved) {
      setHover(null);
      model.select(held.first, model.near(x, y));
    }
  };
  const events: PointerEvents = {
    onPointerDown: event => {
      if (!onTiles(event) || event.button > 1 || !model.order.total) {
        return;
      }
      const [x, y] = place(event);
      const pan = event.altKey || event.button === 1;
      press.current = { x, y, first: model.near(x, y), pan, moved: false, top: model.top };
      setPanning(pan);
      field.current?.setPointerCapture(event.pointerId);
    },
    onPointerMove: event => {
      if (press.current) {
        follow(event, press.current);
      } else {
        setHover(onTiles(event) ? model.at(...place(event)) : null);
      }
    },
    onPointerUp: event => {
      const held = press.current;
      if (held && !held.moved && !held.pan) {
        const tile = model.at(...place(event));
        model.select(null);
        model.point(tile && tile[0] === model.cursor?.[0] ? null : tile);
      }
      end();
    },
    onPointerCancel: end,
    onPointerLeave: () => setHover(null),
    onDoubleClick: event => {
      const tile = onTiles(event) ? model.at(...place(event)) : null;
      if (tile) {
        const { project, uuid: run } = model.run;
        const position = model.order.worst(tile);
        void commands
          .execute(Commands.openDatum, { project, run, position })
          .catch(() => undefined);
      }
    }
  };
  return { events, panning };
}
