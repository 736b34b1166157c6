/**
 * What grpc-go's `test/roundrobin_test.go` asks of `round_robin`, asked of
 * `custom_round_robin` on real servers. SCENARIOS.md maps one to the other.
 */

import { Metadata, status as Status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, test } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { attempt, shares } from '../support/load.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();

const policy = customRoundRobin({ repeatCount: 1 });
const five = () => startFleet(5);
const endpointsOf = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());
const peersOf = (backends: readonly Backend[]) => backends.map(({ peer }) => peer);

/** Each of the peers in turn, in the resolver's order, starting anywhere. */
async function expectTurns(channel: TestChannel, peers: readonly string[]): Promise<void> {
  const seen = await channel.peers(3 * peers.length);
  const start = peers.indexOf(seen[0] ?? '');
  expect(seen).toEqual(seen.map((_, i) => peers[(start + i) % peers.length]));
}

describe('round robin over five servers', () => {
  test('an RPC waits while the resolver has said nothing; then each server gets every fifth RPC', async () => {
    const backends = await five();
    const channel = openChannel({ endpoints: [], policy });
    channel.resolver.onRequest = () => {};
    const early = await attempt(channel, { deadlineMs: 50 });
    expect(early.error?.code).toBe(Status.DEADLINE_EXCEEDED);

    channel.resolver.push(endpointsOf(backends));
    await expectTurns(channel, peersOf(backends));
    expect(backends.map(({ calls }) => calls)).toEqual([3, 3, 3, 3, 3]);
  });

  test('a resolver that takes all endpoints away: RPCs fail at once and say so', async () => {
    const channel = openChannel({ endpoints: endpointsOf(await five()), policy });
    await channel.peers(5);
    channel.resolver.push([]);
    await untilState(channel, 'TRANSIENT_FAILURE');
    const { error } = await attempt(channel);
    expect(error?.code).toBe(Status.UNAVAILABLE);
    expect(error?.details).toContain('custom_round_robin: the resolver returned no endpoints');
    expect(channel.resolver.accepted).toBe(false);
  });

  test('an RPC that waits for ready while there is no endpoint goes to the one that comes', async () => {
    const backends = await five();
    const [first] = backends as [Backend];
    const channel = openChannel({ endpoints: endpointsOf(backends), policy });
    await channel.peers(5);
    channel.resolver.push([]);
    await untilState(channel, 'TRANSIENT_FAILURE');

    let ended = false;
    const waiting = channel.unary({ metadata: new Metadata({ waitForReady: true }) }).finally(() => {
      ended = true;
    });
    // Behind it in the same queue: once this one has failed, the other has been picked for and kept.
    expect((await attempt(channel)).error?.code).toBe(Status.UNAVAILABLE);
    expect(ended).toBe(false);

    channel.resolver.push([first.endpoint()]);
    expect(await waiting).toBe(first.peer);
  });

  test('one server goes down: the other four take turns', async () => {
    const backends = await five();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy });
    await channel.peers(5);
    backends[4]?.kill();
    const rest = peersOf(backends.slice(0, 4));
    // The connection ends with an event on the socket; until then an RPC may still be sent there, and fail.
    const seen: string[] = [];
    for (let i = 0; i < 100 && new Set(seen.slice(-8)).size !== 4; i++) {
      const { peer, error } = await attempt(channel);
      if (error) expect(peer).toBe(backends[4]?.peer);
      seen.push(peer);
    }
    await expectTurns(channel, rest);
  });

  test('all servers go down: RPCs fail with UNAVAILABLE, naming each endpoint and its error', async () => {
    const backends = await five();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy });
    await channel.peers(5);
    for (const backend of backends) backend.kill();
    await untilState(channel, 'TRANSIENT_FAILURE');
    const { error } = await attempt(channel);
    expect(error?.code).toBe(Status.UNAVAILABLE);
    expect(error?.details).toContain('custom_round_robin: all 5 endpoints failed');
    for (const peer of peersOf(backends)) expect(error?.details).toContain(`${peer}: connect ECONNREFUSED`);
  });

  test('an argument that the resolver changes shows on the RPCs, and no RPC fails on the way', async () => {
    const agents: string[] = [];
    const backends = await startFleet(3, {
      unary: (call, callback) => {
        agents.push(String(call.metadata.get('user-agent')[0]));
        callback(null, call.request);
      },
    });
    const channel = openChannel({ endpoints: endpointsOf(backends), policy });
    await channel.peers(3);
    expect(agents.every((agent) => agent.startsWith('grpc-node-js/'))).toBe(true);

    channel.resolver.push(endpointsOf(backends), { 'grpc.primary_user_agent': 'petiole-test/2' });
    const changed = () => agents.slice(-3).every((agent) => agent.startsWith('petiole-test/2'));
    for (let i = 0; i < 1000 && !changed(); i++) await channel.unary();
    expect(changed()).toBe(true);
    expect(shares(await channel.peers(9))).toEqual(
      Object.fromEntries(peersOf(backends).map((peer) => [peer, 3])),
    );
  });
});
