/**
 * Endpoints of two address families: what an RPC sees when one of the addresses
 * refuses, stays silent or dies, while the server behind it is well (RFC 8305,
 * gRFC A61). The endpoint counts as one, whatever happens to its addresses.
 */

import { connectivityState as State } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { startBackend, startFleet, startPeer } from '@petiole/test-kit/servers';
import { SimulatedChannel, type SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { Load, shares } from '../support/load.js';

customRoundRobin.register();

const policy = customRoundRobin({ repeatCount: 1 });

/** The delay between connection attempts in grpc-js's pick_first. */
const ATTEMPT_DELAY_MS = 250;

async function startIPv6(): Promise<Backend> {
  return startBackend({ host: '::1' });
}

/** The IPv6 address and then the IPv4 address of what the test takes for one server. */
const dualStack = (v6: { endpoint: Backend['endpoint'] }, v4: Backend) => ({
  addresses: [...v6.endpoint().addresses, ...v4.endpoint().addresses],
});

describe('the IPv6 address of an endpoint', () => {
  test('refuses: its IPv4 address serves from the start, and no RPC fails', async () => {
    const [backend, other] = (await startFleet(2)) as [Backend, Backend];
    const dead = await startIPv6();
    dead.kill();
    const channel = openChannel({ endpoints: [dualStack(dead, backend), other.endpoint()], policy });
    expect(await channel.peers(6)).toEqual([
      backend.peer,
      other.peer,
      backend.peer,
      other.peer,
      backend.peer,
      other.peer,
    ]);
  });

  test('accepts and stays silent: its IPv4 address serves after the attempt delay', async () => {
    const [backend, other] = (await startFleet(2)) as [Backend, Backend];
    const silent = await startPeer('silent', '::1');
    const channel = openChannel({
      endpoints: [{ addresses: [silent.address, ...backend.endpoint().addresses] }, other.endpoint()],
      policy,
    });
    const start = performance.now();
    expect(await channel.unary()).toBe(backend.peer);
    // Timers may fire up to 1 ms early. Far below the 20 s after which the attempt would be given up.
    expect(performance.now() - start).toBeGreaterThanOrEqual(ATTEMPT_DELAY_MS - 2);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(silent.connections).toBe(1);
    expect(shares(await channel.peers(6))).toEqual({ [backend.peer]: 3, [other.peer]: 3 });
  });

  test('dies after connecting: the endpoint comes back on its IPv4 address', async () => {
    const [v4, other] = (await startFleet(2)) as [Backend, Backend];
    const v6 = await startIPv6();
    const channel = openChannel({ endpoints: [dualStack(v6, v4), other.endpoint()], policy });
    expect(shares(await channel.peers(6))).toEqual({ [v6.peer]: 3, [other.peer]: 3 });

    const load = new Load(channel, { concurrency: 6 });
    await load.untilAnsweredBy([v6.peer, other.peer]);
    v6.kill();
    await load.untilAnsweredBy([v4.peer, other.peer], 20);
    await load.stop();
    // Only what was under way on the dead connection.
    expect(load.failures.every(({ peer }) => peer === v6.peer)).toBe(true);
    expect(load.failures.length).toBeLessThanOrEqual(6);
    expect(shares(await channel.peers(6))).toEqual({ [v4.peer]: 3, [other.peer]: 3 });
  });

  test('dies and turns silent: the endpoint comes back on its IPv4 address after the attempt delay', async () => {
    const [v4, other] = (await startFleet(2)) as [Backend, Backend];
    const v6 = await startIPv6();
    const log = EventLog.start();
    const channel = openChannel({ endpoints: [dualStack(v6, v4), other.endpoint()], policy });
    expect(shares(await channel.peers(6))).toEqual({ [v6.peer]: 3, [other.peer]: 3 });

    v6.kill();
    const silent = await startPeer('silent', '::1', v6.port);
    await log.untilEntered([`${v6.peer}+${v4.peer}`], 'READY', 2);
    expect(silent.connections).toBe(1);
    expect(shares(await channel.peers(6))).toEqual({ [v4.peer]: 3, [other.peer]: 3 });
  });

  test('comes back: the connection on IPv4 stays, and IPv6 is first again after the next loss', async () => {
    const [v4] = (await startFleet(1)) as [Backend];
    const v6 = await startIPv6();
    const log = EventLog.start();
    const channel = openChannel({ endpoints: [dualStack(v6, v4)], policy });
    const name = `${v6.peer}+${v4.peer}`;
    expect(await channel.unary()).toBe(v6.peer);
    v6.kill();
    await log.untilEntered([name], 'READY', 2);
    expect(await channel.unary()).toBe(v4.peer);

    await v6.restart();
    expect(shares(await channel.peers(6))).toEqual({ [v4.peer]: 6 });
    v4.kill();
    await log.untilEntered([name], 'READY', 3);
    expect(await channel.unary()).toBe(v6.peer);
  });
});

describe('an endpoint of which every address fails', () => {
  test('refuses on both: with readyTimeout the others serve; it joins when one address comes back', async () => {
    const [v4, other] = (await startFleet(2)) as [Backend, Backend];
    const v6 = await startIPv6();
    v6.kill();
    v4.kill();
    const channel = openChannel({
      endpoints: [dualStack(v6, v4), other.endpoint()],
      policy: customRoundRobin({ repeatCount: 1, readyTimeout: '0.1s' }),
    });
    expect(shares(await channel.peers(6))).toEqual({ [other.peer]: 6 });
    await v4.restart();
    await channel.untilServedBy([v4.peer, other.peer]);
    expect(shares(await channel.peers(6))).toEqual({ [v4.peer]: 3, [other.peer]: 3 });
  });

  test('stays silent on both: with readyTimeout the others serve, and no RPC fails', async () => {
    const [a, b] = (await startFleet(2)) as [Backend, Backend];
    const [v6, v4] = [await startPeer('silent', '::1'), await startPeer('silent', '127.0.0.1')];
    const channel = openChannel({
      endpoints: [a.endpoint(), { addresses: [v6.address, v4.address] }, b.endpoint()],
      policy: customRoundRobin({ repeatCount: 2, readyTimeout: '0.5s' }),
    });
    expect(await channel.peers(8)).toEqual([a, a, b, b, a, a, b, b].map(({ peer }) => peer));
    expect([v6.connections, v4.connections]).toEqual([1, 1]);
  });

  describe('for 20 s (simulated: no test waits that long)', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    const endpoints = [
      SimulatedChannel.endpoint('[::1]:1', '10.0.0.1:1'),
      SimulatedChannel.endpoint('[::2]:1', '10.0.0.2:1'),
    ];
    const silentAll = () => {
      const channel = new SimulatedChannel(policy);
      channel.update(endpoints);
      channel.all(State.CONNECTING);
      return channel;
    };

    /** What the next attempt after one that hung goes to. */
    const anew = (channel: SimulatedChannel, address: string) =>
      channel.further.find((subchannel) => subchannel.address === address) as SimulatedSubchannel;

    test('counts as failed then, and the message says what happened', () => {
      const channel = silentAll();
      vi.advanceTimersByTime(19_900);
      expect(channel.state).toBe('CONNECTING');
      expect(channel.pick()).toBe('QUEUE');
      vi.advanceTimersByTime(600);
      expect(channel.state).toBe('TRANSIENT_FAILURE');
      expect(channel.pick()).toContain('all 2 endpoints failed');
      expect(channel.pick()).toContain('[::1]:1+10.0.0.1:1: connection attempt unfinished after 20 s');
      expect(channel.reresolutions).toBeGreaterThan(0);
    });

    test('while another is READY: the others serve at once when readyTimeout is over, and it joins them later', () => {
      const channel = new SimulatedChannel(customRoundRobin({ repeatCount: 1, readyTimeout: '5s' }));
      channel.update(endpoints);
      channel.all(State.CONNECTING);
      channel.subchannel('10.0.0.2:1').become(State.READY);
      vi.advanceTimersByTime(4900);
      expect(channel.pick()).toBe('QUEUE');
      vi.advanceTimersByTime(200);
      expect(channel.picks(2)).toEqual(['10.0.0.2:1', '10.0.0.2:1']);
      vi.advanceTimersByTime(20_000);
      expect(channel.picks(2)).toEqual(['10.0.0.2:1', '10.0.0.2:1']);
      anew(channel, '[::1]:1').become(State.READY);
      expect(new Set(channel.picks(4))).toEqual(new Set(['[::1]:1', '10.0.0.2:1']));
    });

    test('after its connection was lost: it is out with a reason, and back with the first connection', async () => {
      const channel = silentAll();
      channel.subchannel('[::1]:1').become(State.READY);
      channel.subchannel('[::2]:1').become(State.READY);
      expect(channel.picks(4)).toEqual(['[::1]:1', '[::2]:1', '[::1]:1', '[::2]:1']);
      for (const subchannel of [channel.subchannel('[::1]:1'), channel.subchannel('[::2]:1')]) {
        subchannel.become(State.IDLE);
        // The reconnection comes a tick later.
        await vi.advanceTimersByTimeAsync(1);
        subchannel.become(State.CONNECTING);
      }
      expect(channel.pick()).toBe('QUEUE');
      vi.advanceTimersByTime(20_600);
      expect(channel.state).toBe('TRANSIENT_FAILURE');
      expect(channel.pick()).toContain('connection attempt unfinished after 20 s');
      vi.advanceTimersByTime(1000);
      anew(channel, '10.0.0.2:1').become(State.READY);
      expect(channel.picks(2)).toEqual(['10.0.0.2:1', '10.0.0.2:1']);
    });
  });
});
