const { setImmediate } = require('node:timers');
// What every browser of the last years has and jsdom has not.
const { DecompressionStream } = require('node:stream/web');
globalThis.DecompressionStream ??= DecompressionStream;
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
globalThis.setImmediate ??= setImmediate;
// A page without a canvas, as a browser may be: what is painted is tested by its plan.
if (globalThis.HTMLCanvasElement) {
  HTMLCanvasElement.prototype.getContext = () => null;
}

// jsdom has no structuredClone, which each browser has and dagre needs.
const v8 = require('v8');
global.structuredClone ??= value => v8.deserialize(v8.serialize(value));
