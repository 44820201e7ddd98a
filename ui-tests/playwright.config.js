// Journeys through a real JupyterLab, with a real kernel, runner and ledger: nothing is mocked.
const base = require('@jupyterlab/galata/lib/playwright-config');
const fs = require('fs');
const os = require('os');
const path = require('path');

// Most of a journey is waiting, so two go on at once; each has a server and a folder of its own.
const workers = 2;
const port = Number(process.env.DATUM_UI_PORT ?? '8899');
process.env.DATUM_UI_ROOT ??= fs.mkdtempSync(path.join(os.tmpdir(), 'datum-ui-'));
const servers = Array.from({ length: workers }, (_, at) => {
  const root = path.join(process.env.DATUM_UI_ROOT, String(at));
  fs.mkdirSync(root, { recursive: true });
  return { root, port: port + at, url: `http://127.0.0.1:${port + at}` };
});
// The server of this worker. The tests look at the files that cells have written in its folder.
const own = servers[process.env.TEST_PARALLEL_INDEX ?? 0];
process.env.JUPYTERLAB_GALATA_ROOT_DIR = own.root;

module.exports = {
  ...base,
  testDir: 'tests',
  timeout: 120000,
  retries: process.env.CI ? 1 : 0,
  workers,
  reporter: [['list']],
  use: {
    ...base.use,
    baseURL: own.url,
    browserName: 'chromium',
    video: 'off',
    // A trace takes a snapshot of the whole page with every action: only the second try pays that.
    trace: process.env.CI ? 'on-first-retry' : 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.DATUM_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    }
  },
  webServer: servers.map(({ root, port, url }) => ({
    command: `jupyter lab --config jupyter_server_test_config.py --port=${port} --ServerApp.port_retries=0`,
    url: `${url}/lab`,
    env: { JUPYTERLAB_GALATA_ROOT_DIR: root },
    timeout: 120000,
    reuseExistingServer: false
  }))
};
