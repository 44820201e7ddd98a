/** Transforms and what feeds them; files, what made them and what has read them. */
import type { INode } from './datums';
import type { Status } from './states';

/** A folder or file; `path` is its contents path, if the server shows it. */
export interface IPlaceOfFiles {
  name: string;
  path: string | null;
}

/** A transform of the graph, with the counts of its newest run. */
export interface IGraphTransform {
  name: string;
  run: string | null;
  status: Status | null;
  engine: string | null;
  counts: Record<string, number>;
  /** Inputs that no transform makes. */
  sources: (IPlaceOfFiles & { input: string; files: number | null })[];
  /** Files that the cell declares. */
  declared: IPlaceOfFiles[];
  out: IPlaceOfFiles | null;
}

/** The transforms of a project, and which is fed by which. */
export interface IGraph {
  transforms: IGraphTransform[];
  edges: { from: string; to: string; input: string }[];
}

/** How many datums of a transform have read a file. */
export interface IUse {
  transform: string;
  /** Its newest run. */
  run: string;
  count: number;
  capped: boolean;
}

/** A page of the datums that have read a file; the first one counts them. */
export interface IUsers {
  asked: string;
  transforms: IUse[];
  datums: INode[];
  next: number | null;
}

/** Which project knows a file; `message` says why there is none. */
export interface IWhence {
  path: string;
  project: string | null;
  message: string;
  made: { datum: number; transform: string; key: string; run: string | null } | null;
  users: IUse[];
}
