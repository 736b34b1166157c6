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
