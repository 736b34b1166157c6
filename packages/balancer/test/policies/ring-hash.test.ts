/** `ring_hash_experimental` (gRFCs A42 and A76), which sends RPCs where grpc-go sends them. The ring itself: picking/hash-ring.test.ts. */
import { Metadata, connectivityState as State, setLogger } from '@grpc/grpc-js';
import { withAttributes } from '@petiole/service-config/internal';
import { startFleet } from '@petiole/test-kit/servers';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RingHashConfig, ringHash } from '../../src/index.js';
import { readVectors } from '../oracles/vectors.js';
import { openChannel } from '../support/fleet.js';

const { IDLE, READY, TRANSIENT_FAILURE } = State;
const HEADER = 'x-user-id';
const USERS = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
const FLEETS = readVectors('ring-hash');

beforeAll(() => ringHash.register());
afterEach(() => void vi.unstubAllEnvs());

function keyed(...values: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const value of values) metadata.add(HEADER, value);
  return metadata;
}

class Fleet {
  readonly channel: SimulatedChannel;
  readonly down: Set<string> = new Set();

  constructor(endpoints = SimulatedChannel.endpoints(5), config: RingHashConfig = {}) {
    this.channel = new SimulatedChannel(ringHash({ requestHashHeader: HEADER, ...config }), {
      latestOnly: true,
    });
    this.channel.update(endpoints);
  }

  get state(): string {
    return this.channel.state;
  }

  /** Those that a connection was asked for, or made. */
  get wanted(): string[] {
    return [...this.channel.subchannels.values()]
      .filter(({ refs }) => refs > 0)
      .map(({ address }) => address);
  }

  pick(...values: readonly string[]): string {
    return this.channel.pick(rpc(keyed(...values)));
  }

  /** Where the RPC ends up: every connection that is asked for is made, but to a server that is down. */
  async served(...values: readonly string[]): Promise<string> {
    for (let asked = 0; asked < 100; asked++) {
      const answer = this.pick(...values);
      if (answer !== 'QUEUE') return answer;
      await told();
      for (const address of this.wanted) {
        const subchannel = this.channel.subchannel(address);
        subchannel.become(this.down.has(address) ? TRANSIENT_FAILURE : READY, 'refused');
      }
    }
    throw new Error('it waits for ever');
  }

  async servedAll(keys: readonly string[] = USERS): Promise<string[]> {
    const answers: string[] = [];
    for (const key of keys) answers.push(await this.served(key));
    return answers;
  }

  /** The servers in the order of the ring from this key on. */
  async order(key: string): Promise<string[]> {
    const found: string[] = [];
    for (let i = 0; i < 5; i++) {
      const address = await this.served(key);
      found.push(address);
      this.down.add(address);
      this.channel.subchannel(address).become(IDLE);
    }
    return found;
  }
}

test.each(FLEETS)('a key goes where it goes from a client in Go: $name', async (fleet) => {
  const { minRingSize, maxRingSize, servers } = fleet;
  const endpoints = servers.map(({ addresses, hashKey, weight }) =>
    withAttributes(SimulatedChannel.endpoint(...addresses), {
      ...(hashKey === undefined ? {} : { hashKey }),
      ...(weight === undefined ? {} : { weight }),
    }),
  );
  const here = new Fleet(endpoints, { minRingSize, maxRingSize });
  for (const { addresses, down } of servers)
    for (const address of down ? addresses : []) here.down.add(address);
  const digits = new Map(
    servers.flatMap(({ addresses }, index) =>
      addresses.map((address) => [address, index.toString(36)] as const),
    ),
  );
  const keys = fleet.values ?? USERS.slice(0, fleet.users).map((user) => [user]);
  let answers = '';
  for (const values of keys) answers += digits.get(await here.served(...values));
  expect(answers).toBe(fleet.answers.join(''));
});

describe('a server that is killed', () => {
  test('moves its own keys and nobody else’s, and gets them back', async () => {
    const fleet = new Fleet();
    const before = await fleet.servedAll();
    const killed = '10.0.0.2:1';
    fleet.down.add(killed);
    fleet.channel.subchannel(killed).become(IDLE);
    const during = await fleet.servedAll();
    const moved = USERS.filter((_, i) => during[i] !== before[i]);
    expect(moved).toEqual(USERS.filter((_, i) => before[i] === killed));
    expect(moved.length).toBeGreaterThan(1000);
    expect(during).not.toContain(killed);
    fleet.down.delete(killed);
    fleet.channel.subchannel(killed).become(READY);
    expect(await fleet.servedAll()).toEqual(before);
  });

  test('that the resolver takes off the list and puts back moves few others’ keys, and those too go back', async () => {
    const all = SimulatedChannel.endpoints(5).map((endpoint, i) =>
      withAttributes(endpoint, { hashKey: `echo-${i}` }),
    );
    const fleet = new Fleet(all);
    const before = await fleet.servedAll();
    fleet.channel.update(all.filter((_, i) => i !== 2));
    const during = await fleet.servedAll();
    const stayed = USERS.flatMap((_, i) => (before[i] === '10.0.0.2:1' ? [] : [[before[i], during[i]]]));
    // The ring keeps its size: the others have a quarter more entries each, and these take keys from one another.
    const same = stayed.filter(([one, other]) => one === other).length;
    expect(same / stayed.length).toBeGreaterThan(0.8);
    fleet.channel.update(all);
    expect(await fleet.servedAll()).toEqual(before);
  });
});

describe('an RPC with a key', () => {
  test('goes by the addresses where a resolver gives hash keys that are no text', async () => {
    const numbered = SimulatedChannel.endpoints(5).map((endpoint, i) =>
      withAttributes(endpoint, { hashKey: (i + 1) as never }),
    );
    expect(await new Fleet(numbered).served('ann')).toBe(await new Fleet().served('ann'));
  });

  test('has its server connect, and no other one, and waits', async () => {
    const fleet = new Fleet();
    expect(fleet.state).toBe('IDLE');
    expect(fleet.wanted).toEqual([]);
    for (let i = 0; i < 100; i++) expect(fleet.pick('ann')).toBe('QUEUE');
    await told();
    expect(fleet.wanted).toHaveLength(1);
    expect(fleet.state).toBe('CONNECTING');
    expect(fleet.pick('ann')).toBe('QUEUE');
    const [address = ''] = fleet.wanted;
    fleet.channel.subchannel(address).become(READY);
    expect(fleet.pick('ann')).toBe(address);
    expect(fleet.state).toBe('READY');
    expect(fleet.wanted).toEqual([address]);
  });

  test('waits for its own server while another one is READY', async () => {
    const fleet = new Fleet();
    const first = await fleet.served('ann');
    const other = USERS.find((user) => fleet.pick(user) !== first) ?? '';
    await told();
    expect(fleet.pick(other)).toBe('QUEUE');
    expect(await fleet.served(other)).not.toBe(first);
  });

  test('goes on around the ring past servers that have failed, and has the next one connect', async () => {
    const [first = '', second = '', third = ''] = await new Fleet().order('ann');
    const fleet = new Fleet();
    fleet.down.add(first).add(second);
    expect(await fleet.served('ann')).toBe(third);
    expect(fleet.wanted).toEqual(expect.arrayContaining([first, second, third]));
    fleet.channel.subchannel(second).become(READY);
    expect(fleet.pick('ann')).toBe(second);
  });

  test('fails with the error of its own server once all have failed', async () => {
    const [first] = await new Fleet().order('ann');
    const fleet = new Fleet();
    for (let i = 0; i < 5; i++) fleet.down.add(`10.0.0.${i}:1`);
    expect(await fleet.served('ann')).toBe(`endpoint ${first}: refused`);
    expect(fleet.state).toBe('TRANSIENT_FAILURE');
  });

  test('goes where its weights say after they have changed, over the same connections', async () => {
    const fleet = new Fleet();
    await fleet.servedAll();
    const { created } = fleet.channel;
    const weights = [1000, 1, 1, 1, 1];
    fleet.channel.update(
      SimulatedChannel.endpoints(5).map((endpoint, i) =>
        withAttributes(endpoint, { weight: weights[i] as number }),
      ),
    );
    const share = (await fleet.servedAll()).filter((address) => address === '10.0.0.0:1').length;
    expect(share).toBeGreaterThan(9800);
    expect(fleet.channel.created).toBe(created);
  });
});

describe('an RPC without a key', () => {
  test('has one server connect, however many there are of them', async () => {
    const fleet = new Fleet();
    for (let i = 0; i < 100; i++) expect(fleet.pick()).toBe('QUEUE');
    await told();
    expect(fleet.wanted).toHaveLength(1);
    for (let i = 0; i < 100; i++) expect(fleet.pick()).toBe('QUEUE');
    await told();
    expect(fleet.wanted).toHaveLength(1);
  });

  test('goes to a server that is READY, and has at most one more connect', async () => {
    const fleet = new Fleet();
    const first = await fleet.served('ann');
    for (let i = 0; i < 100; i++) expect(fleet.pick()).toBe(first);
    await told();
    expect(fleet.wanted).toHaveLength(2);
  });

  test('goes to all of them, where all are READY', async () => {
    const fleet = new Fleet();
    await fleet.servedAll();
    expect(new Set(Array.from({ length: 1000 }, () => fleet.pick())).size).toBe(5);
  });

  test('fails once all have failed', async () => {
    const fleet = new Fleet();
    for (let i = 0; i < 5; i++) fleet.down.add(`10.0.0.${i}:1`);
    expect(await fleet.served()).toMatch(/^endpoint 10\.0\.0\.\d:1: refused$/);
  });

  test('is every RPC where the config names no header', async () => {
    const fleet = new Fleet(undefined, { requestHashHeader: null });
    for (const user of USERS.slice(0, 100)) fleet.pick(user);
    await told();
    expect(fleet.wanted).toHaveLength(1);
  });
});

describe('the channel', () => {
  test('is CONNECTING when one server has failed, and in TRANSIENT_FAILURE when two have, while others are tried by themselves', async () => {
    const [first = '', second = '', third = ''] = await new Fleet().order('ann');
    const fleet = new Fleet();
    const fail = (address: string) => fleet.channel.subchannel(address).become(TRANSIENT_FAILURE, 'refused');
    fleet.pick('ann');
    await told();
    fail(first);
    expect(fleet.state).toBe('CONNECTING');
    await told();
    expect(fleet.wanted).toHaveLength(2);
    const next = fleet.wanted.find((address) => address !== first) ?? '';
    fail(next);
    expect(fleet.state).toBe('TRANSIENT_FAILURE');
    await told();
    expect(fleet.wanted).toHaveLength(3);
    expect(fleet.state).toBe('TRANSIENT_FAILURE');
    const last = fleet.wanted.find((address) => address !== first && address !== next) ?? '';
    fleet.channel.subchannel(last).become(READY);
    expect(fleet.state).toBe('READY');
    expect([second, third, last]).toContain(last);
  });

  test('is IDLE when the only connection is lost, and connects when an RPC comes', async () => {
    const fleet = new Fleet();
    const address = await fleet.served('ann');
    fleet.channel.subchannel(address).become(IDLE);
    await told();
    expect(fleet.state).toBe('IDLE');
    expect(await fleet.served('ann')).toBe(address);
  });

  test('of one server that has failed is in TRANSIENT_FAILURE', async () => {
    const fleet = new Fleet(SimulatedChannel.endpoints(1));
    fleet.down.add('10.0.0.0:1');
    await fleet.served('ann');
    expect(fleet.state).toBe('TRANSIENT_FAILURE');
  });
});

describe('the config', () => {
  test.each<[RingHashConfig, string]>([
    [{ minRingSize: 0 }, 'minRingSize must be an integer from 1 to 8388608, got 0'],
    [{ maxRingSize: 8388609 }, 'maxRingSize must be an integer from 1 to 8388608, got 8388609'],
    [{ minRingSize: 9, maxRingSize: 8 }, 'minRingSize must be at most maxRingSize (8), got 9'],
    [{ minRingSize: 5000 }, 'minRingSize must be at most maxRingSize (4096), got 5000'],
    [
      { requestHashHeader: 'x-user-bin' },
      'requestHashHeader must be the name of a header that is text, not "…-bin", got "x-user-bin"',
    ],
    [
      { requestHashHeader: 'x user' },
      'requestHashHeader must be the name of a header that is text, not "…-bin", got "x user"',
    ],
  ])('%j is refused', (config, message) => {
    expect(() => ringHash(config)).toThrow(`ring_hash_experimental: ${message}`);
  });

  test('names the header in any case', async () => {
    const one = await new Fleet().servedAll(USERS.slice(0, 50));
    const other = new Fleet(undefined, { requestHashHeader: 'X-User-ID' });
    expect(await other.servedAll(USERS.slice(0, 50))).toEqual(one);
  });

  test('rings larger than 4096 count as 4096, or as GRPC_RING_HASH_CAP, as in Go', async () => {
    const of = (minRingSize: number) =>
      new Fleet(undefined, { minRingSize, maxRingSize: 8192 }).servedAll(USERS.slice(0, 1000));
    const capped = await of(4096);
    expect(await of(8192)).toEqual(capped);
    vi.stubEnv('GRPC_RING_HASH_CAP', '8192');
    expect(await of(8192)).not.toEqual(capped);
  });

  test('a GRPC_RING_HASH_CAP that is no number fails RPCs and says so', () => {
    setLogger({ error: () => {} });
    onTestFinished(async () => {
      await told();
      setLogger(console);
    });
    vi.stubEnv('GRPC_RING_HASH_CAP', 'many');
    expect(new Fleet().pick('ann')).toContain(
      'GRPC_RING_HASH_CAP must be an integer from 1 to 8388608, got "many"',
    );
  });
});

test('real servers: every user has one, only those that are needed are connected to, and a kill moves nobody else', async () => {
  const backends = await startFleet(4);
  const channel = openChannel({
    endpoints: backends.map((each) => each.endpoint()),
    policy: ringHash({ requestHashHeader: HEADER }),
  });
  const serve = (user: string) => channel.unary({ metadata: keyed(user) });
  const first = await serve('user-0');
  expect(await serve('user-0')).toBe(first);
  expect(backends.map(({ connections }) => connections).sort()).toEqual([0, 0, 0, 1]);
  const users = USERS.slice(0, 60);
  const before = await Promise.all(users.map(serve));
  expect(new Set(before).size).toBe(4);
  const killed = backends.find(({ peer }) => peer === first);
  await killed?.kill();
  const left = users.filter((_, i) => before[i] !== first);
  expect(await Promise.all(left.map(serve))).toEqual(before.filter((peer) => peer !== first));
  const moved = await Promise.all(
    users.filter((_, i) => before[i] === first).map((user) => channel.unary({ metadata: keyed(user) })),
  );
  expect(moved).not.toContain(first);
});
