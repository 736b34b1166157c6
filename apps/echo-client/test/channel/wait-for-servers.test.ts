/** How long a comparison of policies waits for endpoints that connect. */
import type { EchoClient } from '@petiole/echo-proto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { addressStates } from '../../src/channel/channelz.js';
import { settled } from '../../src/channel/wait-for-servers.js';

vi.mock('../../src/channel/channelz.js', () => ({ addressStates: vi.fn() }));

test('a stall of the process takes nothing from the time in which endpoints connect', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const states = ['CONNECTING', 'CONNECTING', 'READY'];
  vi.mocked(addressStates).mockImplementation(() => {
    vi.advanceTimersByTime(3000);
    return [{ address: 'a', state: states.shift() ?? 'READY' }];
  });
  await settled({} as EchoClient);
  expect(states).toEqual([]);
});
