/** Slow start in `least_request` and `peak_ewma`: the share of a new endpoint, and who counts as new. On a fake clock. */
import { type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { leastRequest, peakEwma } from '../../../src/index.js';
import { slowStartFactor } from '../../../src/policies/picking/slow-start.js';
import { simulateLoad } from '../../support/simulated-load.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const [A, B, C, D] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1'] as const;
const WINDOW_MS = 10_000;
const slowStart = { window: '10s' };

beforeEach(() => {
  vi.useFakeTimers();
  leastRequest.register();
  peakEwma.register();
});
afterEach(() => void vi.useRealTimers());

/** A fleet that has run for a while. */
function openRunning(
  count: number,
  policy: LoadBalancingConfig = leastRequest({ slowStart }),
): SimulatedChannel {
  const channel = new SimulatedChannel(policy);
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(READY);
  share(channel, A);
  vi.advanceTimersByTime(5000);
  return channel;
}

/** The part of so many RPCs that goes to the endpoint; they take a fifth of a millisecond each. */
function share(channel: SimulatedChannel, address: string, rpcs = 2000): number {
  const addresses = simulateLoad(channel, { workers: 1, rpcs, answer: () => ({ ms: 0.2 }) });
  return addresses.filter((each) => each === address).length / rpcs;
}

function join(channel: SimulatedChannel, count: number, ...addresses: string[]): void {
  channel.update(SimulatedChannel.endpoints(count));
  for (const address of addresses) channel.subchannel(address).become(READY);
}

describe.each([
  ['least_request', leastRequest],
  ['peak_ewma', peakEwma],
])('%s', (_, policy) => {
  test.each([
    [{ ...slowStart }, 1, 10],
    [{ ...slowStart, aggression: 2, minWeightPercent: 0 }, 2, 0],
  ])(
    'a third server has the share of the formula in each tenth of the window: %j',
    (config, aggression, minWeightPercent) => {
      const channel = openRunning(2, policy({ slowStart: config }));
      join(channel, 3, C);
      const wrong: unknown[] = [];
      for (let tenth = 0; tenth < 12; tenth++) {
        const expected = Array.from({ length: 100 }, (_, i) => {
          const age = (tenth + i / 100) * (WINDOW_MS / 10);
          const factor = slowStartFactor(age, { window: WINDOW_MS, aggression, minWeightPercent });
          return factor / (2 + factor);
        }).reduce((sum, part) => sum + part / 100, 0);
        const seen = share(channel, C, 5000);
        if (Math.abs(seen - expected) > 0.035) wrong.push({ tenth, seen, expected });
      }
      expect(wrong).toEqual([]);
    },
  );

  test('without slowStart a new server has its whole share at once', () => {
    const channel = openRunning(2, policy());
    join(channel, 3, C);
    expect(share(channel, C)).toBeGreaterThan(0.28);
  });

  test('a new server among many RPCs at a time has no more than a third of its share at first', () => {
    const channel = openRunning(3, policy({ slowStart }));
    join(channel, 4, D);
    const addresses = simulateLoad(channel, { workers: 40, rpcs: 4000, answer: () => ({ ms: 2 }) });
    const part = addresses.filter((each) => each === D).length / addresses.length;
    expect(part).toBeLessThan(0.25 / 3);
    expect(part).toBeGreaterThan(0);
  });
});

describe('new is', () => {
  const expectNew = (channel: SimulatedChannel, address: string) => {
    const part = share(channel, address);
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThan(0.1);
  };
  /** Until a lost connection is being made again. */
  const reconnecting = () => new Promise<void>((resolve) => process.nextTick(resolve));
  const expectOld = (channel: SimulatedChannel, address: string) =>
    expect(share(channel, address)).toBeGreaterThan(0.25);

  test('nobody in a fleet that is all new, also where its endpoints come up one after the other', () => {
    const channel = new SimulatedChannel(leastRequest({ slowStart }));
    channel.update(SimulatedChannel.endpoints(3));
    for (const address of [A, B, C]) {
      channel.subchannel(address).become(CONNECTING);
      vi.advanceTimersByTime(3000);
      channel.subchannel(address).become(READY);
    }
    expectOld(channel, C);
  });

  test('an endpoint that was dead when the others came up, once it is READY', () => {
    const channel = new SimulatedChannel(leastRequest({ slowStart }));
    channel.update(SimulatedChannel.endpoints(3));
    for (const address of [A, B]) channel.subchannel(address).become(READY);
    channel.subchannel(C).become(TRANSIENT_FAILURE, 'refused');
    vi.advanceTimersByTime(2000);
    channel.subchannel(C).become(READY);
    expectNew(channel, C);
  });

  test('a server that was restarted: it was out for a second or more', async () => {
    const channel = openRunning(3);
    channel.subchannel(C).become(IDLE);
    await reconnecting();
    channel.subchannel(C).become(TRANSIENT_FAILURE, 'refused');
    vi.advanceTimersByTime(1000);
    channel.subchannel(C).become(READY);
    expectNew(channel, C);
  });

  test('not a server that has ended a connection, and is connected again at once', async () => {
    const channel = openRunning(3);
    channel.subchannel(C).become(IDLE);
    await reconnecting();
    vi.advanceTimersByTime(100);
    channel.subchannel(C).become(READY);
    expectOld(channel, C);
  });

  test('an endpoint that the resolver takes away and gives back', () => {
    const channel = openRunning(3);
    channel.update(SimulatedChannel.endpoints(2));
    channel.subchannel(C).become(IDLE);
    join(channel, 3, C);
    expectNew(channel, C);
  });

  test('nobody after an outage of all', async () => {
    const channel = openRunning(3);
    channel.all(IDLE);
    await reconnecting();
    channel.all(TRANSIENT_FAILURE, 'unreachable');
    vi.advanceTimersByTime(60_000);
    for (const address of [A, B, C]) {
      channel.subchannel(address).become(READY);
      vi.advanceTimersByTime(5000);
    }
    expectOld(channel, C);
  });

  test('nobody any more when the window has passed, without another change', () => {
    const channel = openRunning(3);
    join(channel, 4, D);
    vi.advanceTimersByTime(WINDOW_MS);
    expect(share(channel, D)).toBeGreaterThan(0.2);
  });

  test('whoever is alone: an RPC goes there all the same', () => {
    const channel = openRunning(1);
    join(channel, 2, B);
    channel.subchannel(A).become(IDLE);
    expect(share(channel, B, 50)).toBe(1);
  });
});
