/**
 * What grpc-go's `balancer/leastrequest` tests ask of `least_request` with
 * streams on real servers. SCENARIOS.md maps one to the other.
 */

import type { Backend } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, test } from 'vitest';
import { leastRequest } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { attempt, shares } from '../support/load.js';
import type { TestChannel } from '../support/test-channel.js';

leastRequest.register();

const peersOf = (backends: readonly Backend[]) => backends.map(({ peer }) => peer);

/** Opens a stream, waits until it is served, and leaves it open; answers with the server's peer. */
async function openStream(channel: TestChannel): Promise<string> {
  const stream = channel.bidi();
  // Tests end with their streams open.
  stream.on('error', () => {});
  const served = new Promise((resolve) => stream.once('data', resolve));
  stream.write(Buffer.from('open'));
  await served;
  return stream.getPeer();
}

async function openStreams(channel: TestChannel, count: number): Promise<string[]> {
  const peers: string[] = [];
  for (let i = 0; i < count; i++) peers.push(await openStream(channel));
  return peers;
}

describe('least_request with streams', () => {
  test('with as many choices as servers, each stream goes to a server that has the fewest', async () => {
    const backends = await startFleet(3);
    const channel = openChannel({
      endpoints: backends.map((backend) => backend.endpoint()),
      policy: leastRequest({ choiceCount: 3 }),
    });
    await channel.untilServedBy(peersOf(backends));
    for (let round = 0; round < 4; round++) {
      expect(new Set(await openStreams(channel, 3))).toEqual(new Set(peersOf(backends)));
    }
  });

  test('counts survive an update: a new server gets all streams until it has as many as the others', async () => {
    const backends = await startFleet(3);
    const [, , added] = backends as [Backend, Backend, Backend];
    const endpoints = backends.map((backend) => backend.endpoint());
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: endpoints.slice(0, 2),
      policy: leastRequest({ choiceCount: 3 }),
    });
    await channel.untilServedBy(peersOf(backends.slice(0, 2)));
    expect(shares(await openStreams(channel, 20))).toEqual(
      Object.fromEntries(peersOf(backends.slice(0, 2)).map((peer) => [peer, 10])),
    );

    channel.resolver.push(endpoints);
    await log.untilEntered([added.peer], 'READY');
    expect(await openStreams(channel, 10)).toEqual(Array.from({ length: 10 }, () => added.peer));
    expect(new Set(await openStreams(channel, 3))).toEqual(new Set(peersOf(backends)));
  });

  test.each([
    ['gains its IPv6 address', [['127.0.0.1'], ['::1', '127.0.0.1']]],
    ['loses the address that its streams go to', [['127.0.0.1', '::1'], ['::1']]],
    ['is missing from one answer', [['127.0.0.1'], [], ['127.0.0.1']]],
  ])('a server that %s keeps its count: the next streams are shared evenly', async (_, answers) => {
    const pair = await startFleet(2);
    const [third] = (await startFleet(1, { host: '::' })) as [Backend];
    const lists = answers.map((hosts) => [
      ...pair.map((backend) => backend.endpoint()),
      ...(hosts.length === 0 ? [] : [third.endpoint(...hosts)]),
    ]);
    const log = EventLog.start();
    const isThird = ({ endpoint }: { endpoint: string }) => endpoint.includes(`:${third.port}`);
    const untilThirdIsReady = () =>
      log.until(() => log.events.findLast(isThird)?.to === 'READY', 'the third server is READY');
    const ports = (peers: readonly string[]) =>
      shares(peers.map((peer) => peer.slice(peer.lastIndexOf(':') + 1)));
    const even = Object.fromEntries([...pair, third].map(({ port }) => [port, 5]));

    const channel = openChannel({ endpoints: lists[0] ?? [], policy: leastRequest({ choiceCount: 3 }) });
    await channel.untilServedBy(peersOf(pair));
    await untilThirdIsReady();
    expect(ports(await openStreams(channel, 15))).toEqual(even);
    for (const list of lists.slice(1)) channel.resolver.push(list);
    await untilThirdIsReady();
    expect(ports(await openStreams(channel, 15))).toEqual(even);
  });

  test('a hundred RPCs at once: all are answered, by all servers', async () => {
    const backends = await startFleet(3);
    const channel = openChannel({
      endpoints: backends.map((backend) => backend.endpoint()),
      policy: leastRequest(),
    });
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => attempt(channel)));
    expect(outcomes.filter(({ error }) => error)).toEqual([]);
    await channel.untilServedBy(peersOf(backends));
  });

  test('endpoints of two addresses: one that moves to its second address is served there, and counts by endpoint', async () => {
    const [a1, a2, b1, b2, c1, c2] = (await startFleet(6)) as [
      Backend,
      Backend,
      Backend,
      Backend,
      Backend,
      Backend,
    ];
    const pairs = [
      [a1, a2],
      [b1, b2],
      [c1, c2],
    ] as const;
    const endpoints = pairs.map(([first, second]) => ({
      addresses: [...first.endpoint().addresses, ...second.endpoint().addresses],
    }));
    const names = pairs.map(([first, second]) => `${first.peer}+${second.peer}`);
    const [nameA, nameB, nameC] = names as [string, string, string];
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: endpoints.slice(0, 2),
      policy: leastRequest({ choiceCount: 3 }),
    });
    await channel.untilServedBy(peersOf([a1, b1]));
    expect(new Set(await openStreams(channel, 2))).toEqual(new Set(peersOf([a1, b1])));

    // The connection and its stream are lost; the endpoint goes on at its second address, with nothing in flight.
    a1.kill();
    await log.untilEntered([nameA], 'READY', 2);
    expect(await openStream(channel)).toBe(a2.peer);
    expect(shares(await openStreams(channel, 18))).toEqual({ [a2.peer]: 9, [b1.peer]: 9 });

    channel.resolver.push(endpoints);
    await log.untilEntered([nameC], 'READY');
    expect(await openStreams(channel, 10)).toEqual(Array.from({ length: 10 }, () => c1.peer));

    b1.kill();
    c1.kill();
    await log.untilEntered([nameB, nameC], 'READY', 2);
    // Theirs are gone with their connections, those of the first endpoint are not.
    expect(shares(await openStreams(channel, 20))).toEqual({ [b2.peer]: 10, [c2.peer]: 10 });
  });
});
