/** What the run was: its code, input and options as they were recorded, its environment. */
import { Notification } from '@jupyterlab/apputils';
import React from 'react';

import { Code } from '../code';
import { Icon } from '../../icons';
import { count, oneLine } from '../../panels/format';
import { originWord } from '../origin';
import { CommandButton, Note, useHost } from '../../panels/parts';
import { moment } from '../../panels/when';
import { Commands } from '../../tokens';
import type { ISpec } from '../../tokens';
import type { ITabProps } from '../tab';

export default function SpecTab(props: ITabProps): JSX.Element {
  const { trans } = useHost();
  const { run, requests, project } = props.model;
  const [spec, setSpec] = React.useState<ISpec | null>(null);
  const [error, setError] = React.useState<string | null>(null);
  const { uuid } = run;
  React.useEffect(() => {
    let shown = true;
    requests.spec(project, uuid).then(
      found => shown && setSpec(found),
      reason => shown && setError(String(reason?.message ?? reason))
    );
    return () => {
      shown = false;
    };
  }, [requests, project, uuid]);
  return (
    <div className="jp-datum-view">
      {error ? <Note>{oneLine(error)}</Note> : null}
      {spec ? (
        <div className="jp-datum-split">
          <Recorded spec={spec} />
          <Around spec={spec} />
        </div>
      ) : error ? null : (
        <p className="jp-datum-muted">{trans.__('Reading …')}</p>
      )}
    </div>
  );
}

/** The cell, and what it was run on. */
function Recorded(props: { spec: ISpec }): JSX.Element {
  const { trans } = useHost();
  const { spec } = props;
  return (
    <div className="jp-datum-stack">
      <section>
        <h2 className="jp-datum-view-title">
          <span>{trans.__('Code %1', count(spec.version))}</span>
          <span className="jp-datum-remark">
            {spec.cell_id ? (
              <CommandButton
                command={Commands.showCell}
                args={{ name: spec.name }}
                icon="cell"
                label={trans.__('Open the cell')}
              />
            ) : null}
            <Copy text={spec.source} what={trans.__('Copy the code')} />
          </span>
        </h2>
        <Code source={spec.source} />
      </section>
      {spec.warnings.map((text, at) => (
        <Note key={at}>{oneLine(text)}</Note>
      ))}
      {spec.untracked?.length ? (
        <Note>
          {trans.__('Not tracked, so a change of it runs nothing again: %1', list(spec.untracked))}
        </Note>
      ) : null}
      {spec.notes.map((text, at) => (
        <p key={at} className="jp-datum-muted">
          {oneLine(text)}
        </p>
      ))}
      <section>
        <h2 className="jp-datum-view-title">
          <span>{trans.__('Input, output and options')}</span>
          <span className="jp-datum-remark">
            <Copy text={lineOf(spec)} what={trans.__('Copy as options')} />
          </span>
        </h2>
        <dl className="jp-datum-named">
          <Fact name={trans.__('input')} value={spec.input} code />
          <Fact name={trans.__('output')} value={spec.out} code />
          <Fact name={trans.__('depends on')} value={list(spec.depends ?? [])} code />
          {Object.entries(spec.options).map(([name, value]) => (
            <Fact key={name} name={name.replace(/_/g, ' ')} value={text(value)} code />
          ))}
        </dl>
      </section>
    </div>
  );
}

/** What the code reads from outside, and where it ran. */
function Around(props: { spec: ISpec }): JSX.Element {
  const { trans } = useHost();
  const { spec } = props;
  const packages = Object.entries(spec.packages);
  return (
    <div className="jp-datum-stack">
      <section>
        <h2 className="jp-datum-view-title">
          <span>{trans.__('The run')}</span>
        </h2>
        <dl className="jp-datum-named">
          <Fact name={trans.__('started from')} value={originWord(trans, spec.origin)} />
          <Fact name={trans.__('by')} value={spec.user} />
          <Fact name={trans.__('asked for')} value={moment(spec.requested)} />
          <Fact name={trans.__('started')} value={moment(spec.started)} />
          <Fact name={trans.__('ended')} value={moment(spec.ended)} />
          <Fact name={trans.__('engine')} value={spec.engine} />
          <Fact name={trans.__('devices')} value={spec.devices} />
          <Fact name={trans.__('notebook')} value={spec.notebook} code />
          <Fact name={trans.__('run')} value={spec.run} code />
        </dl>
      </section>
      <section>
        <h2 className="jp-datum-view-title">
          <span>{trans.__('Seen by the cell')}</span>
          <span className="jp-datum-remark">{trans.__('helpers and values, by content')}</span>
        </h2>
        {spec.parts.length ? (
          <dl className="jp-datum-named">
            {spec.parts.map(part => (
              <Fact key={part.name} name={part.name} value={part.value ?? part.digest} code />
            ))}
          </dl>
        ) : (
          <p className="jp-datum-muted">{trans.__('Nothing but the datum.')}</p>
        )}
      </section>
      <section>
        <h2 className="jp-datum-view-title">
          <span>{trans.__('Environment')}</span>
          <span className="jp-datum-remark">
            <Copy
              text={packages.map(([name, version]) => `${name}==${version}`).join('\n')}
              what={trans.__('Copy as requirements')}
            />
          </span>
        </h2>
        <dl className="jp-datum-named">
          <Fact name="Python" value={spec.python} code />
          {packages.map(([name, version]) => (
            <Fact key={name} name={name} value={version} code />
          ))}
          <Fact name={trans.__('variables')} value={list(spec.variables ?? [])} code />
        </dl>
      </section>
    </div>
  );
}

/** A name and what it stands for; nothing where there is none. */
export function Fact(props: {
  name: string;
  value: string | null;
  code?: boolean;
}): JSX.Element | null {
  const { name, value, code } = props;
  if (!value) {
    return null;
  }
  const shown = oneLine(value);
  return (
    <>
      <dt>
        <bdi>{oneLine(name)}</bdi>
      </dt>
      <dd>{code ? <code>{shown}</code> : shown}</dd>
    </>
  );
}

function Copy(props: { text: string; what: string }): JSX.Element | null {
  const { trans } = useHost();
  const { text: copied, what } = props;
  if (!copied) {
    return null;
  }
  const copy = () =>
    navigator.clipboard.writeText(copied).then(
      () => Notification.success(trans.__('Copied'), { autoClose: 1500 }),
      () => Notification.error(trans.__('The browser does not let us copy.'), { autoClose: 4000 })
    );
  return (
    <button
      className="jp-datum-button"
      data-kind="icon"
      aria-label={what}
      title={what}
      onClick={() => void copy()}
    >
      <Icon name="copy" />
    </button>
  );
}

/** The options as `#|` lines, to be put into a cell. */
export function lineOf(spec: Pick<ISpec, 'input' | 'options' | 'depends'>): string {
  const said: Record<string, unknown> = { ...spec.options };
  if (spec.depends?.length) {
    said.depends = spec.depends;
  }
  const lines = Object.entries(said).map(([name, value]) => `#| ${name}: ${text(value)}`);
  return [...(spec.input ? [`#| input: ${spec.input}`] : []), ...lines].join('\n');
}

function text(value: unknown): string {
  if (Array.isArray(value)) {
    return list(value.map(String));
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function list(names: readonly string[]): string {
  return names.join(', ');
}
