/** `zone_first`: who gets how many RPCs, by zones, hints, and who is READY. The rule by itself is in picking/zone-shares.test.ts. */
import { connectivityState as State } from '@grpc/grpc-js';
import { type EndpointAttributes, withAttributes } from '@petiole/service-config/internal';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ZoneFirstConfig, zoneFirst } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { startUnary } from '../support/simulated-load.js';

const { IDLE, READY } = State;
const PICKS = 20_000;

beforeAll(() => zoneFirst.register());
afterEach(() => vi.unstubAllEnvs());

/** 10.0.0.1:1 is the first one of zone a, 10.0.1.1:1 the first one of zone b. */
const address = (zone: string, i: number) => `10.0.${zone.charCodeAt(0) - 97}.${i}:1`;
const zoneAt = (at: string) => String.fromCharCode(97 + Number(at.split('.')[2]));

/** So many endpoints of each zone. */
function list(counts: Record<string, number>, attributes: EndpointAttributes = {}) {
  return Object.entries(counts).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) =>
      withAttributes(SimulatedChannel.endpoint(address(zone, i + 1)), { zone, ...attributes }),
    ),
  );
}

function open(endpoints: ReturnType<typeof list>, config: ZoneFirstConfig = { zone: 'a' }): SimulatedChannel {
  const channel = new SimulatedChannel(zoneFirst(config));
  channel.update(endpoints);
  channel.all(READY);
  return channel;
}

/** A lost connection is being made again in the next tick. */
async function lose(channel: SimulatedChannel, zone: string, ...places: number[]): Promise<void> {
  for (const i of places) channel.subchannel(address(zone, i)).become(IDLE);
  await new Promise<void>((resolve) => process.nextTick(resolve));
}

function sharesOf(channel: SimulatedChannel): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const at of channel.picks(PICKS)) shares[zoneAt(at)] = (shares[zoneAt(at)] ?? 0) + 1 / PICKS;
  return shares;
}

/** Five standard deviations of a half are 0.018. */
async function expectShares(channel: SimulatedChannel, expected: Record<string, number>): Promise<void> {
  // RPCs that were picked in the same turn count as in flight, and would make their endpoints the busier ones.
  await new Promise<void>((resolve) => setImmediate(resolve));
  const shares = sharesOf(channel);
  expect(Object.keys(shares).sort()).toEqual(Object.keys(expected));
  for (const [zone, share] of Object.entries(expected))
    expect(Math.abs((shares[zone] ?? 0) - share)).toBeLessThan(0.018);
}

describe('zones', () => {
  test('the own zone gets everything while it has its part of the READY endpoints', async () => {
    await expectShares(open(list({ a: 2, b: 2, c: 2 })), { a: 1 });
  });

  test('a zone that loses endpoints keeps what the others can bear, and has everything when they are back', async () => {
    const channel = open(list({ a: 4, b: 4, c: 4 }));
    await expectShares(channel, { a: 1 });
    await lose(channel, 'a', 1, 2);
    await expectShares(channel, { a: 0.6, b: 0.2, c: 0.2 }); // 2 of 10, three zones
    await lose(channel, 'a', 3, 4);
    await expectShares(channel, { b: 0.5, c: 0.5 });
    channel.all(READY);
    await expectShares(channel, { a: 1 });
  });

  test('what others get goes to the zones that have more than their part', async () => {
    await expectShares(open(list({ a: 1, b: 3, c: 2 })), { a: 0.5, b: 0.5 });
  });

  test('a change of the list, or of zones, counts at once', async () => {
    const channel = open(list({ a: 1, b: 5 }));
    await expectShares(channel, { a: 1 / 3, b: 2 / 3 });
    channel.update(list({ a: 1, b: 5 }, { zone: 'a' }));
    await expectShares(channel, { a: 1 / 6, b: 5 / 6 });
    channel.update(list({ a: 1, b: 1 }, { zone: 'a' }));
    await expectShares(channel, { a: 0.5, b: 0.5 });
  });

  test.each([
    [{ zone: 'a' }, 5, { a: 0.2, b: 0.8 }],
    [{ zone: 'a' }, 6, { a: 1 / 3, b: 2 / 3 }],
    [{ zone: 'a', minimumClusterSize: 3 }, 3, { a: 2 / 3, b: 1 / 3 }],
    [{ zone: 'a', minimumClusterSize: 4 }, 3, { a: 1 / 3, b: 2 / 3 }],
  ])(
    'with fewer READY endpoints than minimumClusterSize all get the same: %j of %i',
    async (config, count, shares) => {
      await expectShares(open(list({ a: 1, b: count - 1 }), config), shares);
    },
  );

  test('within a zone the less busy of two endpoints gets the RPC', () => {
    const channel = open(list({ a: 2, b: 2, c: 2 }));
    const busy = startUnary(channel).address;
    for (const picked of channel.picks(1)) expect(picked).not.toBe(busy);
  });

  test('the zone comes from PETIOLE_ZONE where the config has none', async () => {
    const endpoints = list({ a: 3, b: 3 });
    vi.stubEnv('PETIOLE_ZONE', 'b');
    await expectShares(open(endpoints, {}), { b: 1 });
    await expectShares(open(endpoints, { zone: 'a' }), { a: 1 });
  });

  test('without a zone of its own, and in one that nobody serves, the client uses all', async () => {
    vi.stubEnv('PETIOLE_ZONE', undefined);
    await expectShares(open(list({ a: 3, b: 3 }), {}), { a: 0.5, b: 0.5 });
    await expectShares(open(list({ b: 3, c: 3 })), { b: 0.5, c: 0.5 });
  });

  test('endpoints without a zone are one more zone', async () => {
    const plain = list({ b: 3 }).map((endpoint) => withAttributes(endpoint, {}));
    await expectShares(open([...list({ a: 3 }), ...plain]), { a: 1 });
  });
});

describe('hints', () => {
  const hinted = (counts: Record<string, number>, ...forZones: string[]) => list(counts, { forZones });

  test('go before zones, and do not ask how many endpoints there are', async () => {
    await expectShares(open([...hinted({ a: 1, b: 1 }, 'b'), ...hinted({ c: 1 }, 'c', 'a')]), { c: 1 });
  });

  test('zones count while nobody who is meant for the own zone is READY', async () => {
    const channel = open([...hinted({ a: 3, b: 3 }, 'b'), ...hinted({ c: 1 }, 'a')]);
    await expectShares(channel, { c: 1 });
    await lose(channel, 'c', 1);
    await expectShares(channel, { a: 1 });
    channel.all(READY);
    await expectShares(channel, { c: 1 });
  });

  test.each([
    ['an endpoint has none', list({ d: 1 })],
    ['an endpoint has an empty one', hinted({ d: 1 })],
    ['an endpoint has something else', list({ d: 1 }, { forZones: 'a' })],
  ])('count for nobody where %s', async (_, other) => {
    await expectShares(open([...hinted({ a: 3, b: 3 }, 'b'), ...hinted({ c: 1 }, 'a'), ...other]), { a: 1 });
  });
});

test('RPCs wait until the first endpoint is READY, wherever it is', () => {
  const channel = new SimulatedChannel(zoneFirst({ zone: 'a' }));
  channel.update(list({ a: 3, b: 3 }));
  expect(channel.pick()).toBe('QUEUE');
  channel.subchannel(address('b', 1)).become(READY);
  expect(channel.pick()).toBe(address('b', 1));
  channel.policy.destroy();
  expect(channel.refs).toBe(0);
});

test('its bad config names field and value', () => {
  expect(() => zoneFirst({ minimumClusterSize: 0 })).toThrow(
    /^zone_first: minimumClusterSize must be .*got 0/,
  );
  expect(() => zoneFirst({ zone: 1 as never })).toThrow(/^zone_first: zone must be a string, got 1/);
});

test('real servers of the own zone have all RPCs', async () => {
  const backends = await startFleet(6);
  const endpoints = backends.map((backend, i) =>
    withAttributes(backend.endpoint(), { zone: i < 3 ? 'a' : 'b' }),
  );
  const channel = openChannel({ endpoints, policy: zoneFirst({ zone: 'b' }) });
  await channel.untilServedBy(backends.slice(3).map(({ peer }) => peer));
  const before = backends.map(({ calls }) => calls);
  await channel.peers(30);
  expect(backends.slice(0, 3).map(({ calls }) => calls)).toEqual(before.slice(0, 3));
});
