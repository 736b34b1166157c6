/** `wakeAfter` with delays that no timer of Node can have. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { customRoundRobin, definePolicy, registerCustomRoundRobin } from '../src/index.js';
import { SimulatedChannel } from './simulated-channel.js';

registerCustomRoundRobin();

const DAY_MS = 24 * 60 * 60 * 1000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const A = '10.0.0.0:1';

beforeEach(() => {
  // They fire a timer beyond 2^31-1 ms after 1 ms, as Node's do.
  vi.useFakeTimers();
  setLogger({ error: () => {} });
});
afterEach(() => {
  setLogger(console);
  vi.useRealTimers();
});

test('a delay that is longer than any timer wakes once the longest timer has passed, and not before', () => {
  let updates = 0;
  definePolicy({
    name: 'wakes_in_a_year',
    parseConfig: () => ({}),
    update: ({ wakeAfter }) => {
      updates++;
      wakeAfter(365 * DAY_MS);
      return undefined;
    },
  }).register();
  const channel = new SimulatedChannel({ wakes_in_a_year: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.READY);
  const before = updates;
  vi.advanceTimersByTime(60_000);
  expect(updates).toBe(before);
  vi.advanceTimersByTime(LONGEST_TIMER_MS);
  expect(updates).toBe(before + 1);
});

test('a readyTimeout of 30 days passes after 30 days, with one timer on the way', () => {
  const channel = new SimulatedChannel(customRoundRobin({ readyTimeout: `${(30 * DAY_MS) / 1000}s` }));
  const start = performance.now();
  channel.update(SimulatedChannel.endpoints(2));
  channel.subchannel(A).become(State.READY);
  // Behind it: the log line, the connection timeout, the request for re-resolution.
  vi.advanceTimersByTime(60_000);
  vi.advanceTimersToNextTimer();
  expect(performance.now() - start).toBeGreaterThanOrEqual(LONGEST_TIMER_MS);
  expect(channel.state).toBe('CONNECTING');
  vi.advanceTimersToNextTimer();
  expect(performance.now() - start).toBe(30 * DAY_MS);
  expect(channel.picks(2)).toEqual([A, A]);
});
