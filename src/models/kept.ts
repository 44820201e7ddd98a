/** What a page comes back with after a reload: the chosen transforms, and what they run with. */
import { JSONExt } from '@lumino/coreutils';
import type { IDataConnector, IStateDB } from '@jupyterlab/statedb';
import type { JSONObject, JSONValue } from '@lumino/coreutils';

import type { ChoicesModel } from './choices';
import type { PanelModel } from './panel';

const PANEL = 'jupyter-datum:panel';

/** Keeps it in the tab, by the page's address: for a front end whose state goes with a reload. */
export class TabConnector implements IDataConnector<string> {
  async fetch(id: string): Promise<string | undefined> {
    return window.sessionStorage.getItem(this._prefix + id) ?? undefined;
  }

  async list(namespace: string): Promise<{ ids: string[]; values: string[] }> {
    const own = Object.entries(window.sessionStorage)
      .map(([key, value]) => [key.slice(this._prefix.length), key, value] as const)
      .filter(([id, key]) => key.startsWith(this._prefix) && id.split(':')[0] === namespace);
    return { ids: own.map(([id]) => id), values: own.map(([, , value]) => value) };
  }

  async remove(id: string): Promise<void> {
    window.sessionStorage.removeItem(this._prefix + id);
  }

  async save(id: string, value: string): Promise<void> {
    window.sessionStorage.setItem(this._prefix + id, value);
  }

  private readonly _prefix = `jupyter-datum ${window.location.pathname} `;
}

/** What is kept by the paths of notebooks, when one of them or a folder above has another name. */
export function renamed<T>(kept: ReadonlyMap<string, T>, from: string, to: string): Map<string, T> {
  // A path ends there, or the name of a transform follows, or the folder's files do.
  const is = (key: string) => key.startsWith(from) && /^([:/]|$)/.test(key.slice(from.length));
  return new Map([...kept].map(([key, one]) => [is(key) ? to + key.slice(from.length) : key, one]));
}

/** Bring back what was chosen, and keep it from now on. */
export async function keepChosen(
  keeper: Pick<IStateDB, 'fetch' | 'save'>,
  panel: Pick<PanelModel, 'changed' | 'chosen' | 'remember'>,
  choices: Pick<ChoicesModel, 'changed' | 'chosen' | 'remember'>
): Promise<void> {
  const kept = await keeper.fetch(PANEL).catch(() => null);
  const { transforms, choices: runs } = (kept ?? {}) as { transforms?: unknown; choices?: unknown };
  panel.remember(only(transforms, value => typeof value === 'string') as Record<string, string>);
  choices.remember(only(runs, JSONExt.isObject) as Record<string, object>);
  let before: JSONValue = null;
  const save = () => {
    const now = { transforms: panel.chosen, choices: choices.chosen } as unknown as JSONObject;
    if (JSON.stringify(now) !== JSON.stringify(before)) {
      before = now;
      void keeper.save(PANEL, now).catch(() => undefined);
    }
  };
  panel.changed.connect(save);
  choices.changed.connect(save);
}

/** What of a value that was kept is of the right kind: another version may have written it. */
function only(value: unknown, fits: (value: any) => boolean): object {
  const entries = Object.entries(JSONExt.isObject((value ?? null) as any) ? (value as object) : {});
  return Object.fromEntries(entries.filter(([, one]) => fits(one)));
}
