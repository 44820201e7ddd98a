// The same browser; each measurement starts its own server.
const { webServer, ...tests } = require('../playwright.config');

module.exports = { ...tests, testDir: '.', retries: 0 };
