/** A long list of rows of one height, of which only those in sight are in the page. */
import React from 'react';

/** Rows above and below the sight that are drawn as well. */
const MARGIN = 6;

export function Windowed(props: {
  count: number;
  /** Pixels of a row, and of the list at most. */
  row: number;
  height: number;
  label: string;
  /** A row that is to be in sight. */
  reveal?: number;
  draw: (at: number) => React.ReactNode;
  /** The end is in sight. */
  onEnd?: () => void;
}): JSX.Element {
  const { count, row, height, label, reveal = -1, draw, onEnd } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const [top, setTop] = React.useState(0);
  const tall = Math.min(height, count * row);
  const first = Math.max(0, Math.floor(top / row) - MARGIN);
  const last = Math.min(count, Math.ceil((top + tall) / row) + MARGIN);
  React.useEffect(() => {
    const { current } = box;
    const at = reveal * row;
    if (current && reveal >= 0 && (at < current.scrollTop || at + row > current.scrollTop + tall)) {
      current.scrollTop = Math.max(0, at - Math.floor(tall / 2));
    }
  }, [reveal]);
  React.useEffect(() => {
    if (last >= count) {
      onEnd?.();
    }
  }, [last, count]);
  return (
    <div
      ref={box}
      className="jp-datum-windowed"
      role="group"
      aria-label={label}
      style={{ height: tall }}
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <div style={{ height: count * row }}>
        <div style={{ transform: `translateY(${first * row}px)` }}>
          {Array.from({ length: Math.max(0, last - first) }, (_, n) => (
            <React.Fragment key={first + n}>{draw(first + n)}</React.Fragment>
          ))}
        </div>
      </div>
    </div>
  );
}
