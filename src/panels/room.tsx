/** The room that a part took, kept while there is nothing to show in it. */
import React from 'react';

/** Milliseconds in which a part finds its own height. */
const DRAWN = 100;

/** Tells how high it was when it goes, and is as high at first. */
export function Room(props: {
  least: number;
  onGone: (height: number) => void;
  children: React.ReactNode;
}): JSX.Element {
  const { least, onGone, children } = props;
  const [drawn, setDrawn] = React.useState(false);
  const node = React.useRef<HTMLDivElement>(null);
  const tell = React.useRef(onGone);
  tell.current = onGone;
  React.useLayoutEffect(() => {
    const own = node.current;
    const timer = window.setTimeout(() => setDrawn(true), DRAWN);
    return () => {
      window.clearTimeout(timer);
      tell.current(own?.offsetHeight ?? 0);
    };
  }, []);
  return (
    <div ref={node} style={drawn ? undefined : { minHeight: least }}>
      {children}
    </div>
  );
}
