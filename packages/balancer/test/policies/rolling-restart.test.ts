/**
 * Servers that say goodbye: drained one after the other, or closing connections
 * by age. A GOAWAY lets RPCs in flight finish, so no RPC may fail at all.
 */

import type { Backend } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, test } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { Load, shares } from '../support/load.js';

customRoundRobin.register();

const policy = customRoundRobin({ repeatCount: 1 });
const endpointsOf = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());
const peersOf = (backends: readonly Backend[]) => backends.map(({ peer }) => peer);
const equalShares = (peers: readonly string[], each: number) =>
  Object.fromEntries(peers.map((peer) => [peer, each]));

// The default. A stream that crosses the GOAWAY on the wire is refused unseen, and grpc-js sends it again; the
// test channel has that switched off.
const withRetries = { 'grpc.enable_retries': 1 };

describe('a rolling restart under load', () => {
  test('of all servers, one by one: no RPC fails, and the exact ratio returns', async () => {
    const backends = await startFleet(3);
    const peers = peersOf(backends);
    const channel = openChannel({ endpoints: endpointsOf(backends), policy, channelOptions: withRetries });
    const load = new Load(channel, { concurrency: 12 });
    await load.untilAnsweredBy(peers, 10);
    for (const backend of backends) {
      const others = peers.filter((peer) => peer !== backend.peer);
      await backend.drain();
      await load.untilAnsweredBy(others, 20);
      await backend.restart();
      await load.untilAnsweredBy(peers, 20);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(shares(await channel.peers(30))).toEqual(equalShares(peers, 10));
  });

  test('a stream that is open on a draining server goes on until it ends', async () => {
    const backends = await startFleet(2);
    const [first, second] = backends as [Backend, Backend];
    const log = EventLog.start();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy, channelOptions: withRetries });
    const stream = channel.bidi();
    const echo = () => new Promise<string>((resolve) => stream.once('data', (data) => resolve(`${data}`)));
    stream.write(Buffer.from('before'));
    expect(await echo()).toBe('before');
    expect(stream.getPeer()).toBe(first.peer);

    const drained = first.drain();
    await log.untilEntered([first.peer], 'TRANSIENT_FAILURE');
    expect(shares(await channel.peers(6))).toEqual({ [second.peer]: 6 });
    stream.write(Buffer.from('still here'));
    expect(await echo()).toBe('still here');
    stream.end();
    stream.resume();
    await drained;
    await first.restart();
    await log.untilEntered([first.peer], 'READY', 2);
    expect(shares(await channel.peers(6))).toEqual(equalShares(peersOf(backends), 3));
  });
});

describe('connections that end by age', () => {
  const shortLived = {
    serverOptions: { 'grpc.max_connection_age_ms': 150, 'grpc.max_connection_age_grace_ms': 5000 },
  };

  test('one server of three, six times under load: no RPC fails, and the exact ratio stays', async () => {
    const backends = [...(await startFleet(1, shortLived)), ...(await startFleet(2))];
    const [aging, ...others] = peersOf(backends) as [string, string, string];
    const log = EventLog.start();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy, channelOptions: withRetries });
    const load = new Load(channel, { concurrency: 12 });
    await log.untilEntered([aging], 'READY', 7);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(others.map((peer) => log.count(peer, 'READY'))).toEqual([1, 1]);
    const counts = others.map((peer) => load.answeredBy([peer]));
    expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(0.05 * (counts[0] ?? 0) + 12);
  });

  test('the only server: RPCs wait for the next connection, and none fails', async () => {
    const backends = await startFleet(1, shortLived);
    const log = EventLog.start();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy, channelOptions: withRetries });
    const load = new Load(channel, { concurrency: 12 });
    await log.untilEntered(peersOf(backends), 'READY', 7);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  // Connections that were opened together age together. grpc-js repeats a refused RPC once without being asked; one
  // that meets two GOAWAYs in a row needs a retry policy, under any load-balancing policy.
  test('all servers at the same moment, with a retry policy: no RPC fails', async () => {
    const backends = await startFleet(3, shortLived);
    const log = EventLog.start();
    const retryPolicy = {
      maxAttempts: 5,
      initialBackoff: '0.01s',
      maxBackoff: '0.1s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy,
      serviceConfig: { methodConfig: [{ name: [{ service: 'petiole.test.Echo' }], retryPolicy }] },
      channelOptions: withRetries,
    });
    const load = new Load(channel, { concurrency: 12 });
    await log.untilEntered(peersOf(backends), 'READY', 7);
    await load.stop();
    expect(load.failures).toEqual([]);
  });
});
