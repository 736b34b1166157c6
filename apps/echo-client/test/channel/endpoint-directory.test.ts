/** What a directory takes from the events of its process, which has other channels, too. */
import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import { EndpointDirectory } from '../../src/channel/endpoint-directory.js';

test('the end of a channel that was closed earlier makes its endpoints known to nobody', () => {
  const directory = new EndpointDirectory();
  onTestFinished(() => directory.close());
  const state = channel('petiole.endpoint.state');
  state.publish({ endpoint: 'a', from: 'READY', to: 'SHUTDOWN', reason: '' });
  channel('petiole.resolver.update').publish({ added: [], removed: ['a'] });
  expect(directory.everSeen()).toEqual([]);

  state.publish({ endpoint: 'b', from: 'IDLE', to: 'READY', reason: '' });
  state.publish({ endpoint: 'b', from: 'READY', to: 'SHUTDOWN', reason: '' });
  expect(directory.endpoints()).toEqual([]);
  expect(directory.everSeen()).toMatchObject([{ name: 'b', everReady: true }]);
});

test('an address is that of the endpoint that has it now, also if it was gone before', () => {
  const directory = new EndpointDirectory();
  onTestFinished(() => directory.close());
  const update = channel('petiole.resolver.update');
  const [both, one] = ['[::1]:1+127.0.0.1:1', '127.0.0.1:1'];
  update.publish({ added: [both], removed: [] });
  update.publish({ added: [one], removed: [both] });
  expect(directory.ownerOf('127.0.0.1:1')).toBe(one);
  update.publish({ added: [both], removed: [one] });
  expect(directory.ownerOf('127.0.0.1:1')).toBe(both);
});
