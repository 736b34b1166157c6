/**
 * What grpc-go's `balancer/endpointsharding` tests ask of the machinery below a
 * petiole policy, asked of `definePolicy`. SCENARIOS.md maps one to the other.
 */

import { experimental, connectivityState as State, status as Status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin, definePolicy } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { attempt } from '../support/load.js';

customRoundRobin.register();

/** What the policy below saw in each of its updates: `READY,CONNECTING`. */
const seen: string[] = [];

/** A petiole policy that keeps an eye on both of its endpoints and lets the READY ones take turns. */
const turns = definePolicy({
  name: 'scenario_turns',
  createMemory: () => ({ next: 0 }),
  createPicker(ready, { endpoints, memory }) {
    seen.push(endpoints.map(({ state }) => state).join());
    if (ready.length === 0) return undefined;
    return { pick: () => ready[memory.next++ % ready.length]?.pickResult ?? expect.fail('no endpoint') };
  },
});
turns.register();

const endpointsOf = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());

describe('a petiole policy on its endpoints', () => {
  test('sees both children in every update, spreads RPCs over the READY ones, and fails them when none is left', async () => {
    seen.length = 0;
    const backends = await startFleet(2);
    const [first, second] = backends as [Backend, Backend];
    const channel = openChannel({ endpoints: endpointsOf(backends), policy: turns() });
    await channel.untilServedBy([first.peer, second.peer]);
    const peers = await channel.peers(6);
    expect(peers.filter((peer) => peer === first.peer)).toHaveLength(3);
    for (const states of seen) expect(states.split(',')).toHaveLength(2);
    expect(seen).toContain('READY,READY');

    for (const backend of backends) backend.kill();
    await untilState(channel, 'TRANSIENT_FAILURE');
    const { error } = await attempt(channel);
    expect(error?.code).toBe(Status.UNAVAILABLE);
    expect(error?.details).toContain(`${first.peer}: connect ECONNREFUSED`);
    expect(error?.details).toContain(`${second.peer}: connect ECONNREFUSED`);
  });

  test('a resolver error on top of failed endpoints: RPCs are told of both', async () => {
    const backends = await startFleet(2);
    const [first] = backends as [Backend, Backend];
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: turns(),
      // The endpoints stay in TRANSIENT_FAILURE.
      channelOptions: {
        'grpc.initial_reconnect_backoff_ms': 60_000,
        'grpc.max_reconnect_backoff_ms': 60_000,
      },
    });
    await channel.untilServedBy(backends.map(({ peer }) => peer));
    for (const backend of backends) backend.kill();
    await untilState(channel, 'TRANSIENT_FAILURE');
    channel.resolver.fail({ details: 'the name server does not answer' });
    expect(channel.resolver.accepted).toBe(true);
    const { error } = await attempt(channel);
    expect(error?.details).toContain(`${first.peer}: connect ECONNREFUSED`);
    expect(error?.details).toContain('Resolution note: the name server does not answer');

    channel.resolver.push(endpointsOf(backends));
    expect((await attempt(channel)).error?.details).not.toContain('name server');
  });

  test('an endpoint that loses its connection goes to its second address by itself: no RPC asks for it', async () => {
    const backends = await startFleet(3);
    const [first, second, other] = backends as [Backend, Backend, Backend];
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: [
        { addresses: [...first.endpoint().addresses, ...second.endpoint().addresses] },
        other.endpoint(),
      ],
      policy: turns(),
    });
    await channel.untilServedBy([first.peer, other.peer]);
    first.kill();
    await log.untilEntered([`${first.peer}+${second.peer}`], 'READY', 2);
    expect(new Set(await channel.peers(4))).toEqual(new Set([second.peer, other.peer]));
  });

  test('an endpoint that loses its only address leaves IDLE by itself, and is back without an RPC', async () => {
    const [backend] = (await startFleet(1)) as [Backend];
    const channel = openChannel({ endpoints: [backend.endpoint()], policy: turns() });
    await channel.unary();
    backend.kill();
    await untilState(channel, 'TRANSIENT_FAILURE');
    await backend.restart();
    await untilState(channel, 'READY');
    expect(backend.calls).toBe(1);
  });

  test('a channel that is told to connect does so without an RPC', async () => {
    const backends = await startFleet(2);
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: customRoundRobin({ repeatCount: 1 }),
    });
    expect(channel.client.getChannel().getConnectivityState(true)).toBe(State.IDLE);
    await untilState(channel, 'READY');
    expect(await channel.peers(2)).toEqual(backends.map(({ peer }) => peer));
  });
});

describe('a start of the rotation at random', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([0, 1, 2, 3, 4])(
    'at endpoint %i of 0 to 4: the order stays the resolver’s, all are connected',
    (start) => {
      vi.spyOn(Math, 'random').mockReturnValue((start + 0.5) / 5);
      const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 1, randomStart: true }));
      channel.update(SimulatedChannel.endpoints(5));
      channel.all(State.READY);
      const order = SimulatedChannel.endpoints(5).map((endpoint) =>
        endpoint.addresses.map(experimental.subchannelAddressToString).join(),
      );
      expect(channel.picks(5)).toEqual([...order.slice(start), ...order.slice(0, start)]);
    },
  );
});
