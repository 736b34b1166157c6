/** `priority_first`: which groups are connected, when, and where RPCs go meanwhile (the scenarios of gRFC A56). */
import { connectivityState as State } from '@grpc/grpc-js';
import { withAttributes } from '@petiole/service-config/internal';
import type { Backend } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type PriorityFirstConfig, priorityFirst } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { Load } from '../support/load.js';
import { startUnary } from '../support/simulated-load.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const MINUTE_MS = 60_000;
/** Two servers of the best group, and one of each of the others. */
const [A, B, SECOND, THIRD] = ['10.0.0.1:1', '10.0.0.2:1', '10.0.1.1:1', '10.0.2.1:1'] as const;
const PRIORITIES = { [A]: undefined, [B]: 0, [SECOND]: 1, [THIRD]: 7 };

beforeAll(() => priorityFirst.register());

function endpoint(address: string, priority: unknown): ReturnType<typeof SimulatedChannel.endpoint> {
  const attributes = priority === undefined ? {} : { priority: priority as number };
  return withAttributes(SimulatedChannel.endpoint(address), attributes);
}

/** The worst group comes first in the list. */
const list = (priorities: Record<string, unknown> = PRIORITIES) =>
  Object.entries(priorities)
    .map(([address, priority]) => endpoint(address, priority))
    .reverse();

function open(config: PriorityFirstConfig = {}): SimulatedChannel {
  const channel = new SimulatedChannel(priorityFirst(config));
  channel.update(list());
  return channel;
}

/** Who has a connection, or is being connected. */
const connected = (channel: SimulatedChannel) =>
  [...channel.subchannels.values()]
    .filter(({ refs }) => refs > 0)
    .map(({ address }) => address)
    .sort();

function become(channel: SimulatedChannel, state: State, ...addresses: string[]): void {
  for (const address of addresses) channel.subchannel(address).become(state, 'Error: refused');
}

/** A lost connection is being made again in the next tick. */
async function lose(channel: SimulatedChannel, address: string): Promise<void> {
  become(channel, IDLE, address);
  await new Promise<void>((resolve) => process.nextTick(resolve));
}

describe('on a simulated clock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('only the best group is connected, and no priority is priority 0', () => {
    const channel = open();
    expect(connected(channel)).toEqual([A, B]);
    become(channel, READY, A, B);
    vi.advanceTimersByTime(60 * MINUTE_MS);
    expect(connected(channel)).toEqual([A, B]);
    expect(new Set(channel.picks(50))).toEqual(new Set([A, B]));
  });

  test('within a group the less busy of two endpoints gets the RPC', () => {
    const channel = open();
    become(channel, READY, A, B);
    const { address: busy } = startUnary(channel);
    expect(channel.pick()).toBe(busy === A ? B : A);
  });

  test('the next group is connected at once when all endpoints of the better ones have failed', () => {
    const channel = open();
    become(channel, TRANSIENT_FAILURE, A);
    expect(connected(channel)).toEqual([A, B]);
    become(channel, TRANSIENT_FAILURE, B);
    expect(connected(channel)).toEqual([A, B, SECOND]);
    expect(channel.pick()).toBe('QUEUE');
    become(channel, TRANSIENT_FAILURE, SECOND);
    expect(connected(channel)).toEqual([A, B, SECOND, THIRD]);
    become(channel, READY, THIRD);
    expect(channel.pick()).toBe(THIRD);
  });

  test('RPCs fail when all groups have failed, and the message names all of their endpoints', () => {
    const channel = open();
    for (const address of [A, B, SECOND, THIRD]) become(channel, TRANSIENT_FAILURE, address);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toMatch(/^priority_first: all 4 endpoints failed: /);
  });

  test.each([
    [{}, 10_000],
    [{ failoverTimeout: '0.5s' }, 500],
  ])('a group that connects is waited for: %j', (config, ms) => {
    const channel = open(config);
    become(channel, CONNECTING, A, B);
    vi.advanceTimersByTime(ms - 1);
    expect(connected(channel)).toEqual([A, B]);
    vi.advanceTimersByTime(1);
    expect(connected(channel)).toEqual([A, B, SECOND]);
    vi.advanceTimersByTime(ms - 1);
    expect(connected(channel)).toEqual([A, B, SECOND]);
    vi.advanceTimersByTime(1);
    // The attempts of the first group may have been given up by now.
    expect(connected(channel)).toEqual(expect.arrayContaining([SECOND, THIRD]));
    become(channel, READY, SECOND);
    expect(channel.pick()).toBe(SECOND);
  });

  test('with a time-out of 0 all groups connect, until a better one is READY', () => {
    const channel = open({ failoverTimeout: '0s' });
    expect(connected(channel)).toEqual([A, B, SECOND, THIRD]);
  });

  test('the time-out begins when the last connection of a group is lost', async () => {
    const channel = open();
    become(channel, READY, A, B);
    vi.advanceTimersByTime(MINUTE_MS);
    await lose(channel, A);
    become(channel, TRANSIENT_FAILURE, A);
    vi.advanceTimersByTime(MINUTE_MS);
    await lose(channel, B);
    expect(channel.pick()).toBe('QUEUE');
    vi.advanceTimersByTime(9_999);
    expect(connected(channel)).toEqual([A, B]);
    vi.advanceTimersByTime(1);
    expect(connected(channel)).toEqual([A, B, SECOND]);
  });

  test('a better group has the RPCs again as soon as it is READY, and the worse is let go after 15 minutes', () => {
    const channel = open();
    become(channel, TRANSIENT_FAILURE, A, B);
    become(channel, READY, SECOND);
    vi.advanceTimersByTime(60 * MINUTE_MS);
    expect(channel.pick()).toBe(SECOND);
    become(channel, READY, A);
    expect(channel.picks(20)).toEqual(Array(20).fill(A));
    vi.advanceTimersByTime(15 * MINUTE_MS - 1);
    expect(connected(channel)).toEqual([A, B, SECOND]);
    vi.advanceTimersByTime(1);
    expect(connected(channel)).toEqual([A, B]);
    expect(channel.pick()).toBe(A);
  });

  test('a spare group takes over at once, and its 15 minutes begin anew when the better one is back', async () => {
    const channel = open();
    become(channel, TRANSIENT_FAILURE, A, B);
    become(channel, READY, SECOND);
    become(channel, READY, A);
    vi.advanceTimersByTime(14 * MINUTE_MS);
    await lose(channel, A);
    become(channel, TRANSIENT_FAILURE, A);
    expect(channel.pick()).toBe(SECOND);
    const { created } = channel;
    vi.advanceTimersByTime(5 * MINUTE_MS);
    expect(channel.pick()).toBe(SECOND);
    expect(channel.created).toBe(created); // its connection is the same
    become(channel, READY, A);
    vi.advanceTimersByTime(15 * MINUTE_MS - 1);
    expect(connected(channel)).toContain(SECOND);
    vi.advanceTimersByTime(1);
    expect(connected(channel)).not.toContain(SECOND);
  });

  test('an endpoint that joins a group which failed long ago does not take the next group away', () => {
    const channel = open();
    become(channel, TRANSIENT_FAILURE, A, B);
    become(channel, READY, SECOND);
    vi.advanceTimersByTime(MINUTE_MS);
    channel.update(list({ '10.0.0.3:1': 0, ...PRIORITIES }));
    expect(connected(channel)).toEqual([A, B, '10.0.0.3:1', SECOND]);
    expect(channel.pick()).toBe(SECOND);
  });

  test('a new best group takes the RPCs when it is READY; endpoints may change their group', () => {
    const channel = open();
    become(channel, READY, A, B);
    channel.update(list({ [A]: 1, [B]: 1, [SECOND]: 0, [THIRD]: 7 }));
    expect(connected(channel)).toEqual([A, B, SECOND]);
    expect([A, B]).toContain(channel.pick());
    become(channel, READY, SECOND);
    expect(channel.pick()).toBe(SECOND);
  });

  test('a priority that is none counts as 0', () => {
    const channel = new SimulatedChannel(priorityFirst());
    channel.update(list({ [A]: 1, [B]: -1, [SECOND]: 'best', [THIRD]: 1.5 }));
    expect(connected(channel)).toEqual([B, SECOND, THIRD]);
  });

  test('no connection and no timer is left when the channel closes', () => {
    const channel = open();
    become(channel, TRANSIENT_FAILURE, A, B);
    become(channel, READY, SECOND, A);
    channel.policy.destroy();
    expect(channel.refs).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('its bad config names field and value', () => {
  expect(() => priorityFirst({ failoverTimeout: '2h' })).toThrow(
    /^priority_first: failoverTimeout must be .*"2h"/,
  );
});

test('failover and fail-back under load, over real servers that drain: no RPC fails', async () => {
  const backends = await startFleet(4);
  const [first, second] = [backends.slice(0, 2), backends.slice(2)];
  const peersOf = (group: readonly Backend[]) => group.map(({ peer }) => peer);
  const endpoints = backends.map((backend, i) =>
    withAttributes(backend.endpoint(), { priority: i < 2 ? 0 : 1 }),
  );
  const log = EventLog.start();
  const channelOptions = { 'grpc.enable_retries': 1 };
  const channel = openChannel({ endpoints, policy: priorityFirst(), channelOptions });
  const load = new Load(channel, { concurrency: 12 });
  await load.untilAnsweredBy(peersOf(first), 20);
  expect(second.map(({ calls }) => calls)).toEqual([0, 0]);
  for (let round = 1; round <= 3; round++) {
    // One after the other: grpc-js repeats an RPC that meets one GOAWAY, and not one that meets two.
    for (const backend of first) await backend.drain();
    await load.untilAnsweredBy(peersOf(second), 50);
    const before = log.events.length;
    await Promise.all(first.map((backend) => backend.restart()));
    for (const peer of peersOf(first)) await log.event(peer, 'READY', before);
    await load.untilAnsweredBy(peersOf(first), 50);
    const calls = second.map((backend) => backend.calls);
    await load.untilAnsweredBy(peersOf(first), 50);
    expect(second.map((backend) => backend.calls)).toEqual(calls);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(load.answeredBy(peersOf(second))).toBeGreaterThanOrEqual(300);
});
