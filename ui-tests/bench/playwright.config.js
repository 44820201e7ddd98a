// The same browser; each measurement is alone, and starts its own server. No trace: for it Playwright
// walks through the whole page after every action, which was more than all that is measured here.
const { webServer, use, ...tests } = require('../playwright.config');

module.exports = { ...tests, use: { ...use, trace: 'off' }, testDir: '.', retries: 0, workers: 1 };
