/** How long a comparison of policies waits for endpoints that connect. */
import type { EchoClient } from '@petiole/echo-proto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EndpointDirectory } from '../src/endpoint-directory.js';
import { settled } from '../src/wait-for-servers.js';

test('a stall of the process takes nothing from the time in which endpoints connect', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const directory = new EndpointDirectory();
  onTestFinished(() => directory.close());
  const states = ['CONNECTING', 'CONNECTING', 'READY'];
  vi.spyOn(directory, 'refresh').mockImplementation(() => {
    vi.advanceTimersByTime(3000);
  });
  vi.spyOn(directory, 'endpoints').mockImplementation(() => {
    const state = states.shift() ?? 'READY';
    return [{ name: 'a', addresses: ['a'], state, connected: undefined, lastError: '', everReady: false }];
  });
  await settled({} as EchoClient, directory);
  expect(states).toEqual([]);
});
