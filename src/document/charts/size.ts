/** How wide an element is, and whether anybody can see it. */
import React from 'react';

/** The width of the element that is given the reference; drawn again when it changes. */
export function useWidth(first: number): [React.RefObject<HTMLDivElement>, number] {
  const ref = React.useRef<HTMLDivElement>(null);
  const [width, setWidth] = React.useState(first);
  React.useLayoutEffect(() => {
    const { current } = ref;
    if (!current || typeof ResizeObserver === 'undefined') {
      return;
    }
    const measure = () => setWidth(Math.max(160, Math.floor(current.clientWidth)) || first);
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    measure();
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** Tell whenever the element that is given the reference comes into view, or goes. */
export function useShown(tell: (shown: boolean) => void): React.RefObject<HTMLDivElement> {
  const ref = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const { current } = ref;
    let inside = typeof IntersectionObserver === 'undefined';
    const say = () => tell(inside && document.visibilityState !== 'hidden');
    const observer = inside
      ? null
      : new IntersectionObserver(entries => {
          inside = entries.some(entry => entry.isIntersecting);
          say();
        });
    if (current) {
      observer?.observe(current);
    }
    document.addEventListener('visibilitychange', say);
    say();
    return () => {
      observer?.disconnect();
      document.removeEventListener('visibilitychange', say);
      tell(false);
    };
  }, [tell]);
  return ref;
}
