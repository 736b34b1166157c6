/** `onCallStarted` and `onCallEnded` of a policy: which RPC it was, and how long it took. */
import { type LoadBalancingConfig, Metadata, connectivityState as State, status } from '@grpc/grpc-js';
import { startBackend } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CallEnd, definePolicy, serviceConfig } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

const A = '10.0.0.0:1';

const started: string[] = [];
const ended: (Omit<CallEnd, 'trailers' | 'rpc'> & { readonly of: string; readonly attempt: number })[] = [];

const heard = definePolicy({
  name: 'hears_of_rpcs',
  createPicker: ([first]) => first && { pick: () => first.pickResult },
  onCallStarted({ name }, { attempt }) {
    started.push(`${name} ${attempt}`);
  },
  onCallEnded({ name, inFlight }, { code, details, durationMs, rpc: { attempt } }) {
    expect(inFlight).toBe(0);
    ended.push({ of: name, attempt, code, details, durationMs });
  },
});
heard.register();

beforeEach(() => {
  started.length = 0;
  ended.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('an RPC has its own start and end, its attempt, and the milliseconds between in fractions', () => {
  const channel = new SimulatedChannel({ hears_of_rpcs: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.READY);
  const clock = vi.spyOn(performance, 'now');
  const one = rpc();
  for (const [from, to] of [
    [100, 107.5],
    [200, 230],
  ] as const) {
    // Functions of a pick result are called without it.
    const { onCallStarted, onCallEnded } = channel.latest.picker.pick(one);
    clock.mockReturnValue(from);
    onCallStarted?.();
    clock.mockReturnValue(to);
    onCallEnded?.(status.UNAVAILABLE, 'no', new Metadata());
  }
  expect(started).toEqual([`${A} 0`, `${A} 1`]);
  const end = { of: A, code: status.UNAVAILABLE, details: 'no' };
  expect(ended).toEqual([
    { ...end, attempt: 0, durationMs: 7.5 },
    { ...end, attempt: 1, durationMs: 30 },
  ]);
});

test('a policy without such functions hands out the same pick result to each RPC', () => {
  definePolicy({
    name: 'hears_nothing',
    createPicker: ([first]) => first && { pick: () => first.pickResult },
  }).register();
  for (const [name, same] of [
    ['hears_nothing', true],
    ['hears_of_rpcs', false],
  ] as const) {
    const channel = new SimulatedChannel({ [name]: {} });
    channel.update(SimulatedChannel.endpoints(1));
    channel.all(State.READY);
    const { picker } = channel.latest;
    const [one, other] = [rpc(), rpc()].map((args) => picker.pick(args));
    expect(one === other).toBe(same);
  }
});

test('below outlier_detection, and with a retry, each attempt is heard of', async () => {
  let calls = 0;
  const backend = await startBackend({
    unary: (call, callback) =>
      calls++ === 0
        ? callback({ code: status.UNAVAILABLE, details: 'not yet' })
        : callback(null, call.request),
  });
  const retryPolicy = {
    maxAttempts: 2,
    initialBackoff: '0.001s',
    maxBackoff: '0.001s',
    backoffMultiplier: 1,
    retryableStatusCodes: ['UNAVAILABLE' as const],
  };
  const { loadBalancingConfig, methodConfig }: Record<string, LoadBalancingConfig[]> = JSON.parse(
    serviceConfig({
      loadBalancingConfig: [{ outlier_detection: { childPolicy: [heard()] } }],
      methodConfig: [{ name: [{}], retryPolicy }],
    }),
  );
  const channel = openChannel({
    endpoints: [backend.endpoint()],
    policy: loadBalancingConfig?.[0] ?? {},
    serviceConfig: { methodConfig },
    channelOptions: { 'grpc.enable_retries': 1 },
  });
  await channel.unary();
  expect(started).toEqual([`${backend.peer} 0`, `${backend.peer} 1`]);
  expect(ended.map(({ attempt, code }) => [attempt, code])).toEqual([
    [0, status.UNAVAILABLE],
    [1, status.OK],
  ]);
  for (const { durationMs } of ended) expect(durationMs).toBeGreaterThan(0);
});
