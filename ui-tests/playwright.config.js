// Journeys through a real JupyterLab, with a real kernel, runner and ledger: nothing is mocked.
const base = require('@jupyterlab/galata/lib/playwright-config');
const fs = require('fs');
const os = require('os');
const path = require('path');

const port = process.env.DATUM_UI_PORT ?? '8899';
const url = `http://127.0.0.1:${port}`;
// The folder that the server shows: the tests look at the files that cells have written.
process.env.JUPYTERLAB_GALATA_ROOT_DIR ??= fs.mkdtempSync(path.join(os.tmpdir(), 'datum-ui-'));

module.exports = {
  ...base,
  testDir: 'tests',
  timeout: 120000,
  retries: process.env.CI ? 1 : 0,
  workers: 1,
  reporter: [['list']],
  use: {
    ...base.use,
    baseURL: url,
    browserName: 'chromium',
    video: 'off',
    // A trace takes a snapshot of the whole page with every action: only the second try pays that.
    trace: process.env.CI ? 'on-first-retry' : 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.DATUM_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    }
  },
  webServer: {
    command: `jupyter lab --config jupyter_server_test_config.py --port=${port} --ServerApp.port_retries=0`,
    url: `${url}/lab`,
    timeout: 120000,
    reuseExistingServer: false
  }
};
