import { ServerConnection } from '@jupyterlab/services';

import { Requests } from '../requests';

it('a server that is away is told as that, not as what a browser calls it', async () => {
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://127.0.0.1:9/',
    fetch: async () => Promise.reject(new TypeError('Failed to fetch'))
  });
  await expect(new Requests(settings).status()).rejects.toThrow('The server cannot be reached');
});
