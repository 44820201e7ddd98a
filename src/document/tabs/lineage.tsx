/** What feeds what; one datum's chain; the history of what is chosen in it. */
import React from 'react';

import type { DocumentModel } from '../../models/document';
import { GraphModel } from '../../models/graph';
import { LineageModel } from '../../models/lineage';
import { UsersModel } from '../../models/users';
import { ChainView } from '../../panels/lineage/chain';
import { HistoryPane } from '../../panels/lineage/history';
import { oneLine } from '../../panels/format';
import { later } from '../../panels/later';
import { Note, useHost, useSignals } from '../../panels/parts';
import type { ITabProps } from '../tab';

/** Who asks for the users of a file waits for their view once: most never ask. */
const UsersView = later(async () => (await import('../../panels/lineage/users')).UsersView);

/** The chain is there before the layout of the graph has come. */
const GraphView = later(
  async () => (await import('../../panels/lineage/graph')).GraphView,
  <div className="jp-datum-graph" />
);

/** A chain stays as it was unfolded while another tab is in front. */
const CHAINS = new WeakMap<DocumentModel, LineageModel>();

export default function LineageTab(props: ITabProps): JSX.Element {
  const { model } = props;
  const { project, run } = model;
  useSignals(model.changed, run.changed);
  const graph = useGraph(model);
  const chain = chainOf(model);
  useSignals(chain.changed);
  const chosen = model.datum.datum?.id ?? null;
  React.useEffect(() => {
    void (chosen === null ? chain.showFirst(run.uuid) : chain.show(chosen));
  }, [chain, chosen, run.uuid]);
  const users = React.useMemo(
    () => (model.file ? new UsersModel(model.requests, project, model.file) : null),
    [model.file, project]
  );
  return (
    <div className="jp-datum-origins">
      {graph ? <GraphView graph={graph} current={run.info?.name ?? null} /> : null}
      <div className="jp-datum-panes">
        <section className="jp-datum-pane">
          {users ? (
            <UsersView
              users={users}
              onBack={() => model.go({ file: '' })}
              onOpen={id => {
                void chain.show(id);
                model.go({ file: '' });
              }}
            />
          ) : (
            <Chain chain={chain} onUsers={file => model.go({ file })} />
          )}
        </section>
        {chain.root || users ? (
          <section className="jp-datum-pane">
            <HistoryPane model={chain} />
          </section>
        ) : null}
      </div>
    </div>
  );
}

function Chain(props: { chain: LineageModel; onUsers: (path: string) => void }): JSX.Element {
  const { trans } = useHost();
  const { chain, onUsers } = props;
  if (chain.error) {
    return <Note>{oneLine(chain.error)}</Note>;
  }
  return chain.root ? (
    <ChainView model={chain} onUsers={onUsers} />
  ) : (
    <p className="jp-datum-body jp-datum-muted">
      {trans.__('Choose a datum in another tab: its chain is shown here.')}
    </p>
  );
}

function chainOf(model: DocumentModel): LineageModel {
  let found = CHAINS.get(model);
  if (!found) {
    found = new LineageModel(model.requests, model.project);
    CHAINS.set(model, found);
  }
  return found;
}

/** The graph, as long as the tab is in front: it listens for the project's runs. */
function useGraph(model: DocumentModel): GraphModel | null {
  const [graph, setGraph] = React.useState<GraphModel | null>(null);
  React.useEffect(() => {
    const mine = new GraphModel(model.requests, model.runs, model.project);
    setGraph(mine);
    return () => mine.dispose();
  }, [model]);
  return graph;
}
