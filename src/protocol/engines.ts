/** What a run could run on. */

/** An engine, as the interpreter that would use it knows it. */
export interface IEngine {
  name: string;
  kind: string;
  installed: boolean;
  version: string;
  /** Where its workers are or come from. */
  workers_from: string;
  /** `ready`, `connected`, or what is wrong. */
  state: string;
  /** By default, or that are there. */
  workers: number;
}

/** All of them, and what this machine has. */
export interface IEngines {
  engines: IEngine[];
  /** Workers that this machine has room for. */
  cores: number;
  /** Bytes that its workers may use. */
  memory: number;
  /** GPUs. */
  devices: number;
  /** Why they are not known. */
  problem: string | null;
}
