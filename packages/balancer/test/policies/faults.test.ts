/**
 * Servers that are killed, all at once or one by one, and channels that go
 * idle: no RPC hangs, only RPCs in flight on a killed connection fail, and the
 * exact ratio comes back. Beside grpc-js's round_robin on the same schedule.
 */

import { once } from 'node:events';
import {
  type LoadBalancingConfig,
  connectivityState as State,
  status as Status,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import type { Outcome } from '@petiole/test-kit/rpc';
import { startFleet } from '@petiole/test-kit/servers';
import { describe, expect, test } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { attempt, Load, shares } from '../support/load.js';

customRoundRobin.register();

const oneEach = customRoundRobin({ repeatCount: 1 });
const endpointsOf = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());
const peersOf = (backends: readonly Backend[]) => backends.map(({ peer }) => peer);
const equalShares = (peers: readonly string[], each: number) =>
  Object.fromEntries(peers.map((peer) => [peer, each]));

/** A handler that answers at once, or keeps its RPCs in flight while the gate is closed. */
class Gate {
  private closed = false;
  private held: (() => void)[] = [];
  private expected = 0;
  private reached: () => void = () => {};

  readonly unary = (call: { request: Buffer }, callback: sendUnaryData<Buffer>): void => {
    const answer = () => callback(null, call.request);
    if (this.closed) {
      this.held.push(answer);
      if (this.held.length === this.expected) this.reached();
    } else {
      answer();
    }
  };

  close(): void {
    this.closed = true;
  }

  /** Waits until so many RPCs are in flight; the test's own timeout bounds it. */
  async holds(count: number): Promise<void> {
    this.expected = count;
    if (this.held.length >= count) return;
    await new Promise<void>((resolve) => {
      this.reached = resolve;
    });
  }

  /** Answers all RPCs in flight; those whose connection is gone hear nothing. */
  open(): void {
    this.closed = false;
    for (const answer of this.held.splice(0)) answer();
  }
}

describe('a server that is killed', () => {
  test('under load: only RPCs on its connection fail, the others keep the exact ratio, and it gets its share back', async () => {
    const backends = await startFleet(3);
    const [killed, ...rest] = backends as [Backend, Backend, Backend];
    const peers = peersOf(backends);
    const survivors = peersOf(rest);
    const channel = openChannel({ endpoints: endpointsOf(backends), policy: oneEach });
    const load = new Load(channel, { concurrency: 12 });
    await load.untilAnsweredBy(peers, 20);
    expect(load.failures).toEqual([]);

    killed.crash();
    await load.untilAnsweredBy(survivors, 100);
    await load.stop();
    for (const { peer, error } of load.failures) {
      expect(peer).toBe(killed.peer);
      expect(error?.code).toBe(Status.UNAVAILABLE);
    }
    // Of 12 RPCs at a time, no more than 12 can have been on their way there.
    expect(load.failures.length).toBeLessThanOrEqual(12);
    expect(shares(await channel.peers(20))).toEqual(equalShares(survivors, 10));

    await killed.restart();
    await channel.untilServedBy(peers);
    expect(shares(await channel.peers(30))).toEqual(equalShares(peers, 10));
  });

  test('with repeatCount 3: the survivors take turns of three, then all do', async () => {
    const backends = await startFleet(3);
    const [first, killed, last] = backends as [Backend, Backend, Backend];
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: customRoundRobin({ repeatCount: 3 }),
    });
    const turns = (...order: Backend[]) => order.flatMap(({ peer }) => [peer, peer, peer]);
    expect(await channel.peers(9)).toEqual(turns(first, killed, last));
    killed.crash();
    await log.untilEntered([killed.peer], 'TRANSIENT_FAILURE');
    expect(await channel.peers(12)).toEqual(turns(first, last, first, last));
    await killed.restart();
    await log.untilEntered([killed.peer], 'READY', 2);
    // The last RPC ended a turn of the last endpoint, so the next turn is the first one's.
    expect(await channel.peers(9)).toEqual(turns(first, killed, last));
  });

  test('exactly the RPCs in flight there fail: kill for kill no more than with round_robin', async () => {
    /** Twelve RPCs in flight over three servers, one of which is killed; the same for the second and third. */
    const failuresPerKill = async (policy: LoadBalancingConfig): Promise<number[]> => {
      const gate = new Gate();
      const backends = await startFleet(3, { unary: gate.unary });
      const channel = openChannel({ endpoints: endpointsOf(backends), policy });
      const failures: number[] = [];
      for (const killed of backends) {
        await channel.untilServedBy(peersOf(backends));
        gate.close();
        const inFlight = Array.from({ length: 12 }, () => attempt(channel));
        await gate.holds(12);
        killed.crash();
        // Whatever ends while the gate is closed has failed. From now on the client knows.
        const failed: Outcome[] = [await Promise.race(inFlight)];
        const later = Array.from({ length: 6 }, () => attempt(channel));
        await gate.holds(12 + 6);
        gate.open();
        failed.push(...(await Promise.all([...inFlight, ...later])).filter(({ error }) => error));
        for (const { peer } of failed) expect(peer).toBe(killed.peer);
        failures.push(new Set(failed).size);
        await killed.restart();
      }
      return failures;
    };
    const ours = await failuresPerKill(oneEach);
    const theirs = await failuresPerKill({ round_robin: {} });
    expect(ours).toEqual([4, 4, 4]);
    for (const [kill, count] of ours.entries()) expect(count).toBeLessThanOrEqual(theirs[kill] ?? -1);
  });
});

describe('all servers killed', () => {
  test('RPCs fail at once, those that wait for ready wait; restarted: none hangs, the exact ratio returns', async () => {
    const backends = await startFleet(3);
    const peers = peersOf(backends);
    const channel = openChannel({ endpoints: endpointsOf(backends), policy: oneEach });
    const load = new Load(channel, { concurrency: 6 });
    await load.untilAnsweredBy(peers, 10);
    for (const backend of backends) backend.crash();
    await load.until(
      () => load.failures.some(({ error }) => error?.details.includes('all 3 endpoints failed')),
      'an RPC failed because all endpoints had',
    );
    await load.stop();
    for (const { error } of load.failures) expect(error?.code).toBe(Status.UNAVAILABLE);

    let answered = 0;
    const waiting = Array.from({ length: 9 }, async () => {
      const outcome = await attempt(channel, { waitForReady: true });
      answered++;
      return outcome;
    });
    expect((await attempt(channel)).error?.code).toBe(Status.UNAVAILABLE);
    expect(answered).toBe(0);

    await Promise.all(backends.map((backend) => backend.restart()));
    for (const { error } of await Promise.all(waiting)) expect(error).toBeUndefined();
    await channel.untilServedBy(peers);
    expect(shares(await channel.peers(30))).toEqual(equalShares(peers, 10));
  });

  test('three times over, under load: each RPC ends, and the exact ratio returns each time', async () => {
    const backends = await startFleet(3);
    const peers = peersOf(backends);
    const log = EventLog.start();
    const channel = openChannel({ endpoints: endpointsOf(backends), policy: oneEach });
    for (let round = 1; round <= 3; round++) {
      await log.untilEntered(peers, 'READY', round - 1);
      const load = new Load(channel, { concurrency: 6, waitForReady: true });
      await load.untilAnsweredBy(peers, 10);
      for (const backend of backends) backend.crash();
      await Promise.all(backends.map((backend) => backend.restart()));
      await load.untilAnsweredBy(peers, 10);
      await load.stop();
      // Waiting for ready saves what was not sent yet; what was in flight on one of the connections is lost.
      for (const { error } of load.failures) expect(error?.code).toBe(Status.UNAVAILABLE);
      for (const [peer, count] of Object.entries(shares(load.failures.map(({ peer }) => peer)))) {
        expect(peers).toContain(peer);
        expect(count).toBeLessThanOrEqual(6);
      }
      expect(shares(await channel.peers(30))).toEqual(equalShares(peers, 10));
    }
  });
});

describe('a channel that goes idle', () => {
  const idleSoon = { 'grpc.client_idle_timeout_ms': 1000 };

  test('ends its policy; the next RPC starts a new one, in the exact ratio from the first RPC on', async () => {
    const backends = await startFleet(3);
    const peers = peersOf(backends);
    const log = EventLog.start();
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: oneEach,
      channelOptions: idleSoon,
    });
    expect(await channel.peers(3)).toEqual(peers);
    await untilState(channel, 'IDLE');
    await log.untilEntered(peers, 'SHUTDOWN');
    // A new policy, which waits for all its endpoints before the first RPC.
    const burst = await Promise.all(Array.from({ length: 30 }, () => attempt(channel)));
    expect(burst.every(({ error }) => error === undefined)).toBe(true);
    expect(shares(burst.map(({ peer }) => peer))).toEqual(equalShares(peers, 10));
    expect(shares(await channel.peers(30))).toEqual(equalShares(peers, 10));
  });

  test('while a server dies: with readyTimeout the next RPC is served by the others, and none hangs', async () => {
    const backends = await startFleet(3);
    const [dead, ...rest] = backends as [Backend, Backend, Backend];
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: customRoundRobin({ repeatCount: 1, readyTimeout: '0.1s' }),
      channelOptions: idleSoon,
    });
    await channel.untilServedBy(peersOf(backends));
    await untilState(channel, 'IDLE');
    dead.crash();
    // grpc-js keeps the connections of an idle channel for up to 10 s, so this RPC may find the dead one.
    const { peer, error } = await attempt(channel);
    if (error) expect(peer).toBe(dead.peer);
    expect(shares(await channel.peers(10))).toEqual(equalShares(peersOf(rest), 5));
    await dead.restart();
    await channel.untilServedBy(peersOf(backends));
    expect(shares(await channel.peers(9))).toEqual(equalShares(peersOf(backends), 3));
  });

  test('while a stream is open: it does not; the stream goes on', async () => {
    const backends = await startFleet(2);
    const channel = openChannel({
      endpoints: endpointsOf(backends),
      policy: oneEach,
      channelOptions: idleSoon,
    });
    const stream = channel.bidi();
    const echo = () => new Promise<string>((resolve) => stream.once('data', (data) => resolve(`${data}`)));
    stream.write(Buffer.from('before'));
    expect(await echo()).toBe('before');
    // The end of an RPC starts the idle timer; the stream must survive its end.
    await channel.unary();
    const left = await new Promise<boolean>((resolve) =>
      channel.client
        .getChannel()
        .watchConnectivityState(State.READY, Date.now() + 1500, (error) => resolve(error === undefined)),
    );
    expect(left).toBe(false);
    stream.write(Buffer.from('after'));
    expect(await echo()).toBe('after');
    stream.end();
    await once(stream.resume(), 'end');
  });
});
