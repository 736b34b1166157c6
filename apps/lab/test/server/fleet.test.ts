/** The servers of the lab, each in its thread. */
import { expect, onTestFinished, test } from 'vitest';
import { Fleet } from '../../src/server/servers/fleet.js';

test('servers that were removed count until their threads have ended', async () => {
  const fleet = new Fleet({ changed: () => {}, log: () => {} }, 2);
  onTestFinished(() => fleet.end());
  await Promise.all([fleet.add({}), fleet.add({})]);
  expect(fleet.whyFull()).toBe('there are 2 servers, and no more are allowed');
  const left = Promise.all(fleet.servers.map((server) => fleet.remove(server)));
  expect(fleet.servers).toEqual([]);
  expect(fleet.whyFull()).toBe('2 servers that were removed have not ended yet: add one when they have');

  const reset = fleet.reset();
  await Promise.resolve();
  expect(fleet.servers).toEqual([]);
  await left;
  expect(fleet.whyFull()).toBeUndefined();
  await Promise.all([reset, fleet.reset()]);
  expect(fleet.servers.map(({ phase }) => phase)).toEqual(['serving', 'serving', 'serving']);
});
