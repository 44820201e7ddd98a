const base = require('@jupyterlab/testutils/lib/jest-config')(__dirname);

// These packages ship ES modules only; jest needs them compiled.
const modules = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@microsoft',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  ...base,
  setupFiles: [...(base.setupFiles ?? []), '<rootDir>/jest.setup.js'],
  automock: false,
  // Left to itself it leaves one core to an editor, which is half of a machine with two.
  maxWorkers: '100%',
  // The built bundle repeats the package's name.
  modulePathIgnorePatterns: [
    '<rootDir>/jupyter_datum/labextension',
    '<rootDir>/lib',
    '<rootDir>/build',
    '<rootDir>/ui-tests',
    '<rootDir>/.venv'
  ],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/ui-tests', '<rootDir>/lib'],
  testRegex: 'src/.*/.*.spec.ts[x]?$',
  transformIgnorePatterns: [`/node_modules/(?!(${modules})).+`]
};
