/** The room that a part took, kept while there is nothing to show in it. */
import React from 'react';

/** Tells how high it was when it goes. */
export function Room(props: {
  onGone: (height: number) => void;
  children: React.ReactNode;
}): JSX.Element {
  const { onGone, children } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const tell = React.useRef(onGone);
  tell.current = onGone;
  React.useLayoutEffect(() => {
    const own = node.current;
    return () => tell.current(own?.offsetHeight ?? 0);
  }, []);
  return <div ref={node}>{children}</div>;
}
