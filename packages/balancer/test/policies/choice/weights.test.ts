/** The `weight` of endpoints in `least_request`. */
import { connectivityState as State, status } from '@grpc/grpc-js';
import { withAttributes } from '@petiole/service-config/internal';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { leastRequest } from '../../../src/index.js';
import { shares } from '../../support/load.js';
import { simulateLoad, startUnary } from '../../support/simulated-load.js';

const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

beforeEach(() => {
  vi.useFakeTimers();
  leastRequest.register();
});
afterEach(() => void vi.useRealTimers());

const weighing = (...weights: unknown[]) =>
  SimulatedChannel.endpoints(weights.length).map((endpoint, i) =>
    withAttributes(endpoint, { weight: weights[i] as number }),
  );

function open(...weights: unknown[]): SimulatedChannel {
  const channel = new SimulatedChannel(leastRequest());
  channel.update(weighing(...weights));
  channel.all(State.READY);
  return channel;
}

test('one RPC at a time: shares are the weights, exactly over full turns', () => {
  const addresses = simulateLoad(open(5, 2, 1), { workers: 1, rpcs: 800, answer: () => ({ ms: 1 }) });
  expect(shares(addresses)).toEqual({ [A]: 500, [B]: 200, [C]: 100 });
});

test.each([4, 20, 200])('%i at a time: shares are those of the weights', (workers) => {
  const answer = () => ({ ms: 3 + 4 * Math.random() });
  const counts = shares(simulateLoad(open(5, 2, 1), { workers, rpcs: 16_000, answer }));
  expect((counts[A] ?? 0) / 16_000).toBeCloseTo(5 / 8, 1);
  expect((counts[B] ?? 0) / 16_000).toBeCloseTo(2 / 8, 1);
  expect((counts[C] ?? 0) / 16_000).toBeCloseTo(1 / 8, 1);
});

test('a heavy endpoint that hangs gets no more RPCs than its weight makes up for', () => {
  const channel = open(10, 1, 1);
  const answer = (address: string) => ({ ms: address === A ? 100_000 : 5 });
  const counts = shares(simulateLoad(channel, { workers: 30, rpcs: 3000, answer }));
  // In flight, ten times as many as one of the others has.
  expect(counts[A]).toBeLessThan(31);
});

test('a later attempt goes elsewhere, however heavy the first one is', () => {
  const channel = open(1_000_000, 1, 1);
  for (let i = 0; i < 50; i++) {
    const args = rpc();
    const tried = channel.pick(args);
    expect(channel.pick(args)).not.toBe(tried);
  }
});

test('a new weight applies from the next RPC on', () => {
  const channel = open(1, 1);
  channel.update(weighing(3, 1));
  const counts = shares(simulateLoad(channel, { workers: 1, rpcs: 400, answer: () => ({ ms: 1 }) }));
  expect(counts).toEqual({ [A]: 300, [B]: 100 });
});

test.each([undefined, 0, -1, 1.5, '7', Number.NaN, 2 ** 32])(
  'a weight of %j, of a resolver that checks none, is 1',
  (weight) => {
    const counts = shares(
      simulateLoad(open(weight, 3), { workers: 1, rpcs: 400, answer: () => ({ ms: 1 }) }),
    );
    expect(counts).toEqual({ [A]: 100, [B]: 300 });
  },
);

test('equal weights are the plain policy: which endpoint is first is drawn', () => {
  const channel = open(7, 7, 7);
  const runs = Array.from({ length: 20 }, () => {
    const { address, end } = startUnary(channel);
    end(status.OK);
    return address;
  });
  const turns = runs.slice(3).every((address, i) => address === runs[i]);
  expect(turns).toBe(false);
});
