/** `static_weighted_round_robin`: the shares are the weights, whatever happens. */
import { connectivityState as State } from '@grpc/grpc-js';
import { withAttributes } from '@petiole/service-config/internal';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { staticWeightedRoundRobin } from '../../src/index.js';
import { shares } from '../support/load.js';

const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

beforeAll(() => staticWeightedRoundRobin.register());

const weighing = (...weights: (number | undefined)[]) =>
  SimulatedChannel.endpoints(weights.length).map((endpoint, i) => {
    const weight = weights[i];
    return withAttributes(endpoint, weight === undefined ? {} : { weight });
  });

function open(...weights: (number | undefined)[]): SimulatedChannel {
  const channel = new SimulatedChannel(staticWeightedRoundRobin());
  channel.update(weighing(...weights));
  channel.all(State.READY);
  return channel;
}

test('in each full turn every endpoint has as many RPCs as it weighs; without a weight, one', () => {
  expect(shares(open(5, 3, undefined).picks(9))).toEqual({ [A]: 5, [B]: 3, [C]: 1 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }), (weights) => {
      const turn = weights.reduce((sum, weight) => sum + weight, 0);
      const counts = shares(open(...weights).picks(2 * turn));
      expect(weights.map((_, i) => counts[`10.0.0.${i}:1`])).toEqual(weights.map((weight) => 2 * weight));
    }),
    { numRuns: 50 },
  );
});

test('the RPCs of a light endpoint are spread between those of a heavy one', () => {
  const picks = open(8, 1, 1).picks(40);
  const turns = picks.flatMap((address, i) => (address === B ? [i] : []));
  const gaps = turns.slice(1).map((turn, i) => turn - (turns[i] ?? 0));
  expect(gaps).toEqual([10, 10, 10]);
});

test('clients do not all begin with the same endpoint', () => {
  const firsts = new Set(Array.from({ length: 60 }, () => open(2, 2, 2).pick()));
  expect([...firsts].sort()).toEqual([A, B, C]);
});

test('an endpoint that leaves READY leaves the others their proportions; a new weight applies at once', () => {
  const channel = open(5, 2, 1);
  channel.subchannel(A).become(State.IDLE);
  expect(shares(channel.picks(30))).toEqual({ [B]: 20, [C]: 10 });
  channel.update(weighing(5, 2, 4));
  expect(shares(channel.picks(30))).toEqual({ [B]: 10, [C]: 20 });
});

test('later attempts of an RPC go to each of the others, however heavy the first one is, and then anywhere', () => {
  const channel = open(4_294_967_295, 1, 1);
  for (let i = 0; i < 20; i++) {
    const args = rpc();
    const attempts = [channel.pick(args), channel.pick(args), channel.pick(args)];
    expect(attempts.sort()).toEqual([A, B, C]);
    expect([A, B, C]).toContain(channel.pick(args));
  }
});

test('RPCs wait until an endpoint is READY, and fail when all have failed', () => {
  const channel = new SimulatedChannel(staticWeightedRoundRobin());
  channel.update(weighing(2, 1));
  expect(channel.pick()).toBe('QUEUE');
  channel.all(State.TRANSIENT_FAILURE, 'refused');
  expect(channel.pick()).toContain('static_weighted_round_robin: all 2 endpoints failed');
});
