// The same server and browser; pictures for people to look at, and nothing that CI waits for.
module.exports = { ...require('./playwright.config'), testDir: 'looks', retries: 0 };
