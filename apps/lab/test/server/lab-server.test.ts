/** One server of the lab, in its thread. */
import { expect, onTestFinished, test } from 'vitest';
import { FAULTLESS, LabServer } from '../../src/server/servers/lab-server.js';

test('a server that is told many limits of streams at once is opened anew once, with the last of them', async () => {
  const said: string[] = [];
  const observer = { changed: () => {}, log: (text: string) => void said.push(text) };
  const server = new LabServer(1, '127.0.0.1', FAULTLESS, observer);
  onTestFinished(() => server.end());
  await server.start();
  const opened = () => said.filter((text) => text.startsWith('serves on')).length;
  expect(opened()).toBe(1);
  await Promise.all(Array.from({ length: 20 }, (_, index) => server.set({ streamLimit: index + 1 })));
  expect([server.state.streamLimit, server.phase, opened()]).toEqual([20, 'serving', 2]);
  await Promise.all([server.set({ streamLimit: 5 }), server.set({ streamLimit: 20 })]);
  expect(opened()).toBe(2);
});
