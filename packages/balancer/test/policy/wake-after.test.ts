/** `wakeAfter` and `elapsedMs`: delays that no timer of Node can have, and stalls of the event loop. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fakeStall } from '../../../service-config/test/time/stalls.js';
import { customRoundRobin, definePolicy } from '../../src/index.js';

customRoundRobin.register();

const DAY_MS = 24 * 60 * 60 * 1000;
const [A, B] = ['10.0.0.0:1', '10.0.0.1:1'] as const;

beforeEach(() => {
  // They fire a timer beyond 2^31-1 ms after 1 ms, as Node's do.
  vi.useFakeTimers();
  setLogger({ error: () => {} });
});
afterEach(() => {
  setLogger(console);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a delay that is longer than any timer wakes once it has passed, and not before', () => {
  let updates = 0;
  definePolicy({
    name: 'wakes_in_a_year',
    createPicker: (_, { wakeAfter }) => {
      updates++;
      wakeAfter(365 * DAY_MS);
      return undefined;
    },
  }).register();
  const channel = new SimulatedChannel({ wakes_in_a_year: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.READY);
  const before = updates;
  vi.advanceTimersByTime(365 * DAY_MS - 1);
  expect(updates).toBe(before);
  vi.advanceTimersByTime(1);
  expect(updates).toBe(before + 1);
});

test('a readyTimeout of 30 days passes after 30 days', () => {
  const channel = new SimulatedChannel(customRoundRobin({ readyTimeout: `${(30 * DAY_MS) / 1000}s` }));
  channel.update(SimulatedChannel.endpoints(2));
  channel.subchannel(A).become(State.READY);
  vi.advanceTimersByTime(30 * DAY_MS - 1);
  expect(channel.state).toBe('CONNECTING');
  vi.advanceTimersByTime(1);
  expect(channel.picks(2)).toEqual([A, A]);
});

test('a policy that always asks to be woken after 0 ms is woken once a millisecond', () => {
  let updates = 0;
  definePolicy({
    name: 'wakes_at_once',
    createPicker: (_, { wakeAfter }) => {
      updates++;
      wakeAfter(0);
      return undefined;
    },
  }).register();
  const channel = new SimulatedChannel({ wakes_at_once: {} });
  channel.update(SimulatedChannel.endpoints(1));
  const before = updates;
  vi.advanceTimersByTime(20);
  expect(updates).toBe(before + 20);
});

test('a stall right after the start leaves the other endpoints the readyTimeout to become READY', () => {
  const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 1, readyTimeout: '2s' }));
  channel.update(SimulatedChannel.endpoints(2));
  fakeStall(3000);
  channel.subchannel(A).become(State.READY);
  expect(channel.state).toBe('CONNECTING');
  vi.advanceTimersByTime(1800);
  expect(channel.state).toBe('CONNECTING');
  channel.subchannel(B).become(State.READY);
  expect(channel.picks(4)).toEqual([A, B, A, B]);
});

test('a stall at the end of the readyTimeout is followed by a moment in which endpoints can become READY', () => {
  const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 1, readyTimeout: '2s' }));
  channel.update(SimulatedChannel.endpoints(2));
  channel.subchannel(A).become(State.READY);
  vi.advanceTimersByTime(1900);
  fakeStall(3000);
  vi.advanceTimersByTime(100);
  expect(channel.state).toBe('CONNECTING');
  channel.subchannel(B).become(State.READY);
  expect(channel.picks(4)).toEqual([A, B, A, B]);
});

test('without further endpoints the readyTimeout ends after a stall too', () => {
  const channel = new SimulatedChannel(customRoundRobin({ readyTimeout: '2s' }));
  channel.update(SimulatedChannel.endpoints(2));
  fakeStall(3000);
  channel.subchannel(A).become(State.READY);
  vi.advanceTimersByTime(2000);
  expect(channel.picks(2)).toEqual([A, A]);
});

test('elapsedMs leaves out a stall in which the policy waits to be woken', () => {
  const seen: number[] = [];
  definePolicy({
    name: 'looks_at_the_clock',
    createPicker: (_, { elapsedMs, wakeAfter }) => {
      seen.push(elapsedMs);
      wakeAfter(1600);
      return undefined;
    },
  }).register();
  const channel = new SimulatedChannel({ looks_at_the_clock: {} });
  vi.advanceTimersByTime(500);
  channel.update(SimulatedChannel.endpoints(1));
  fakeStall(60_000);
  channel.all(State.CONNECTING);
  channel.all(State.READY);
  expect([seen[0], seen.at(-1)]).toEqual([0, 100]);
  vi.advanceTimersByTime(1500);
  expect(seen.at(-1)).toBe(1600);
});
