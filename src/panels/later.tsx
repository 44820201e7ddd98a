/** Parts of views that come when they are first shown, and that fail alone. */
import React from 'react';

import { oneLine } from './format';
import { Note, useHost } from './parts';

/**
 * A part that is loaded when it is first shown; until then `waiting` is in its place. Where it
 * cannot be loaded (the server is gone, or was brought up to date), or cannot draw what the server
 * says, it alone says so: the views around it stay.
 */
export function later<P extends object>(
  load: () => Promise<React.ComponentType<P>>,
  waiting: JSX.Element | null = null
): React.FunctionComponent<P> {
  const begin = () =>
    React.lazy(async () => ({ default: (await load()) as React.ComponentType<any> }));
  let Part = begin();
  const anew = () => {
    Part = begin(); // one that could not be loaded stays so
  };
  return props => (
    <Guard
      anew={anew}
      draw={() => (
        <React.Suspense fallback={waiting}>
          <Part {...props} />
        </React.Suspense>
      )}
    />
  );
}

interface IGuarded {
  draw: () => JSX.Element;
  anew: () => void;
}

class Guard extends React.Component<IGuarded, { reason: unknown }> {
  static getDerivedStateFromError(reason: unknown): { reason: unknown } {
    return { reason };
  }

  override state: { reason: unknown } = { reason: null };

  override render(): JSX.Element {
    const { reason } = this.state;
    return reason === null ? this.props.draw() : <Broken reason={reason} onAgain={this._again} />;
  }

  private readonly _again = (): void => {
    this.props.anew();
    this.setState({ reason: null });
  };
}

function Broken(props: { reason: unknown; onAgain: () => void }): JSX.Element {
  const { trans } = useHost();
  const { reason, onAgain } = props;
  const says = oneLine(reason instanceof Error ? reason.message : String(reason));
  return (
    <Note
      action={
        <button className="jp-datum-button" onClick={onAgain}>
          <span>{trans.__('Try again')}</span>
        </button>
      }
    >
      {trans.__('This part cannot be shown: %1', says)}
    </Note>
  );
}
