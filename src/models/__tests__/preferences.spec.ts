/** Settings, what is taken of them, and that the schema has them all. */
import * as fs from 'fs';
import * as path from 'path';

import { FakeServer, PROJECT, until } from '../../__tests__/world';
import { Preferences, USUAL } from '../preferences';
import { RunsModel } from '../runs';
import { SHARED } from '../shared';

const schema = JSON.parse(
  fs.readFileSync(path.join(__dirname, '../../../schema/panel.json'), 'utf8')
);

it('each preference has a setting with a title, a description and the same default', () => {
  const { properties } = schema;
  for (const [name, usual] of Object.entries(USUAL)) {
    expect([name, properties[name]?.default]).toEqual([name, usual]);
    expect(properties[name].title).toMatch(/./);
    expect(properties[name].description).toMatch(/./);
  }
  const all = new Set([...Object.keys(USUAL), ...SHARED, 'folded']);
  expect(Object.keys(properties).sort()).toEqual([...all].sort());
});

it('takes what fits, keeps the usual for the rest, and tells of changes only', () => {
  const preferences = new Preferences();
  let told = 0;
  preferences.changed.connect(() => told++);
  preferences.take({});
  expect([preferences.now, told]).toEqual([USUAL, 0]);
  preferences.take({ rate: 8, hatch: 'yes', folded: [] });
  expect([preferences.now, told]).toEqual([{ ...USUAL, rate: 8 }, 1]);
  preferences.take({ rate: 8 });
  expect(told).toBe(1);
});

it('the rate is said to the server, anew after each connection, and not if it is as usual', async () => {
  const server = new FakeServer();
  const runs = new RunsModel(server);
  const rates = () => server.last.said.filter(one => one.type === 'rate').map(one => one.rate);
  runs.watch(PROJECT);
  await until(() => server.sockets.length === 1);
  server.last.open();
  expect(rates()).toEqual([]);
  runs.setRate(9);
  runs.setRate(9);
  expect(rates()).toEqual([9]);
  server.last.close();
  runs.reconnect();
  await until(() => server.sockets.length === 2);
  server.last.open();
  expect(rates()).toEqual([9]);
  runs.dispose();
});
