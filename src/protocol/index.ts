/** What the ledger's server says (docs/live-protocol.md). Nothing here does anything. */
export * from './datums';
export * from './engines';
export * from './lineage';
export * from './notebook';
export * from './plans';
export * from './rows';
export * from './runs';
export * from './states';
export * from './timing';
export * from './watches';
