/**
 * No timer of this package outlives the policy. All endpoints are READY first: pick_first keeps a timer of 250 ms from
 * each attempt that is not, and grpc-js does not clear it.
 */
import { connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';

beforeAll(() => customRoundRobin.register());

test('none is left when re-resolution was requested just before, nor a request that was put off', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const channel = new SimulatedChannel({ custom_round_robin: {} });
  channel.update(SimulatedChannel.endpoints(3));
  channel.all(State.READY);
  // The first loss is passed on at once, the others a second later.
  channel.all(State.IDLE);
  expect(channel.reresolutions).toBe(1);
  channel.policy.destroy();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(channel.reresolutions).toBe(1);
});

test('none is left, not even that of a re-resolution, when the news of an attempt that never ends closes the channel', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const channel = new SimulatedChannel({ custom_round_robin: {} });
  channel.helper.updateState = (state) => {
    if (state === State.TRANSIENT_FAILURE) channel.policy.destroy();
  };
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.CONNECTING);
  vi.advanceTimersByTime(20_500);
  expect(channel.refs).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
