/** `endpoint.inFlight`: the toolkit counts the RPCs of each endpoint, for every policy. */
import { Metadata, connectivityState as State, status } from '@grpc/grpc-js';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, expect, test } from 'vitest';
import { definePolicy, type PolicyEndpoint } from '../../src/index.js';

const [A, B] = ['10.0.0.0:1', '10.0.0.1:1'] as const;
const { endpoint } = SimulatedChannel;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let endpoints: readonly PolicyEndpoint[] = [];

beforeAll(() => {
  definePolicy({
    name: 'first_of_all',
    createPicker(ready, view) {
      endpoints = view.endpoints;
      const [first] = ready;
      return first && { pick: () => first.pickResult };
    },
  }).register();
  definePolicy({
    name: 'first_with_own_hooks',
    createPicker(ready, view) {
      endpoints = view.endpoints;
      const [first] = ready;
      return first && { pick: () => ({ ...first.pickResult, status: null }) };
    },
  }).register();
});

const counts = (): number[] => endpoints.map(({ inFlight }) => inFlight);

function open(policy = 'first_of_all'): SimulatedChannel {
  const channel = new SimulatedChannel({ [policy]: {} });
  channel.update([endpoint(A), endpoint(B)]);
  channel.all(State.READY);
  return channel;
}

test.each(['first_of_all', 'first_with_own_hooks'])(
  'an RPC counts from its pick to its end, in %s, and once',
  async (policy) => {
    const channel = open(policy);
    expect(counts()).toEqual([0, 0]);
    const results = [rpc(), rpc(), rpc()].map((args) => channel.latest.picker.pick(args));
    expect(counts()).toEqual([3, 0]);
    results[0]?.onCallStarted?.();
    results[1]?.onCallStarted?.();
    expect(counts()).toEqual([3, 0]);
    await nextTurn();
    // The third one was given up.
    expect(counts()).toEqual([2, 0]);
    for (const result of results.slice(0, 2)) result.onCallEnded?.(status.OK, '', new Metadata());
    expect(counts()).toEqual([0, 0]);
  },
);

test('an RPC that starts in a later turn than its pick counts from its start', async () => {
  const channel = open();
  expect(counts()).toEqual([0, 0]);
  const result = channel.latest.picker.pick(rpc());
  await nextTurn();
  expect(counts()).toEqual([0, 0]);
  result.onCallStarted?.();
  expect(counts()).toEqual([1, 0]);
});

test('picks are counted from the first time on that the policy looks', () => {
  const channel = open();
  channel.pick();
  expect(counts()).toEqual([0, 0]);
  channel.pick();
  expect(counts()).toEqual([1, 0]);
});

test("the count is the endpoint's: it survives another connection, and an answer that does not name the endpoint", () => {
  const channel = open();
  const result = channel.latest.picker.pick(rpc());
  result.onCallStarted?.();
  channel.update([endpoint(B)]);
  channel.update([endpoint(A, '10.0.0.9:1'), endpoint(B)]);
  expect(counts()).toEqual([1, 0]);
  result.onCallEnded?.(status.UNAVAILABLE, '', new Metadata());
  expect(counts()).toEqual([0, 0]);
});
