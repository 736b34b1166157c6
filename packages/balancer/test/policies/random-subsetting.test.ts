/** `random_subsetting` (gRFC A68). Which endpoints a seed chooses is compared with grpc-go in picking/rendezvous.test.ts. */
import { connectivityState as State } from '@grpc/grpc-js';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, describe, expect, test } from 'vitest';
import { customRoundRobin, leastRequest, randomSubsetting } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

const childPolicy = [{ custom_round_robin: { repeatCount: 1 } }];

beforeAll(() => {
  randomSubsetting.register();
  customRoundRobin.register();
  leastRequest.register();
});

/** A client of that many servers that connects to `subsetSize` of them: those that it has connections to. */
function connect(count: number, subsetSize: number): { channel: SimulatedChannel; chosen: () => string[] } {
  const channel = new SimulatedChannel({ random_subsetting: { subsetSize, childPolicy } });
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(State.READY);
  const chosen = () =>
    [...channel.subchannels.values()].filter(({ refs }) => refs > 0).map(({ address }) => address);
  return { channel, chosen };
}

describe('a client', () => {
  test('connects to exactly subsetSize servers, and sends RPCs to all of those', () => {
    const { channel, chosen } = connect(10, 3);
    expect(chosen()).toHaveLength(3);
    expect(new Set(channel.picks(6))).toEqual(new Set(chosen()));
  });

  test('connects to all where there are no more', () => {
    expect(connect(2, 3).chosen()).toHaveLength(2);
  });

  test('keeps its subset when the same list comes again, in another order', () => {
    const { channel, chosen } = connect(10, 3);
    const before = chosen().sort();
    channel.update(SimulatedChannel.endpoints(10).reverse());
    expect(chosen().sort()).toEqual(before);
  });

  test('replaces one server at most when one more joins', () => {
    const { channel, chosen } = connect(10, 3);
    const before = chosen();
    channel.update(SimulatedChannel.endpoints(11));
    expect(chosen().filter((address) => !before.includes(address)).length).toBeLessThanOrEqual(1);
    expect(chosen()).toHaveLength(3);
  });
});

test('100 clients choose subsets of their own: no server of 10 is left alone, and none is crowded', () => {
  const counts = new Map<string, number>();
  for (let client = 0; client < 100; client++)
    for (const address of connect(10, 3).chosen()) counts.set(address, (counts.get(address) ?? 0) + 1);
  expect(counts.size).toBe(10);
  // 30 each on average, with a deviation of 4.6: five of these either way.
  for (const count of counts.values()) expect(Math.abs(count - 30)).toBeLessThan(24);
});

test('real servers beyond the subset see no connection', async () => {
  const backends = await startFleet(5);
  const channel = openChannel({
    endpoints: backends.map((backend) => backend.endpoint()),
    policy: randomSubsetting({ subsetSize: 2, childPolicy: [leastRequest()] }),
  });
  const peers = new Set(await channel.peers(40));
  expect(peers.size).toBe(2);
  expect(backends.filter(({ callers }) => callers.size > 0)).toHaveLength(2);
});

describe('config', () => {
  test.each([
    [{ childPolicy }, 'subsetSize must be an integer from 1 to 4294967295, got nothing'],
    [{ subsetSize: 0, childPolicy }, 'subsetSize must be an integer from 1 to 4294967295, got 0'],
    [
      { subsetSize: 2 },
      'childPolicy must be an array of policies such as [{"round_robin": {}}], got nothing',
    ],
  ])('%j is refused, with the field and what is allowed', (config, problem) => {
    expect(() => randomSubsetting(config)).toThrow(`random_subsetting: ${problem}`);
  });

  test("grpc-go's name for it serves, too", () => {
    const channel = new SimulatedChannel({ random_subsetting_experimental: { subsetSize: 1, childPolicy } });
    channel.update(SimulatedChannel.endpoints(3));
    channel.all(State.READY);
    expect(new Set(channel.picks(5)).size).toBe(1);
  });
});
