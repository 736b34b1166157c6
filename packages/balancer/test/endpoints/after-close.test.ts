/**
 * What a closed channel leaves behind: no reference to a subchannel, no channelz
 * entry, no callback, and no timer that keeps the process alive.
 */

import { getChannelzHandlers, connectivityState as State } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { node, start } from '@petiole/test-kit/processes/program';
import { startFleet, startPeer } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin, definePolicy } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { attempt } from '../support/load.js';

customRoundRobin.register();

let updates = 0;
const counting = definePolicy({
  name: 'after_close_counting',
  createPicker(ready, { readyCount }) {
    updates++;
    const [first] = ready;
    return readyCount === 3 && first ? { pick: () => first.pickResult } : undefined;
  },
});
counting.register();

/** The ids of all subchannels and client sockets that channelz knows; this file creates a few dozen at most. */
function channelzEntries(): string[] {
  const { GetSubchannel } = getChannelzHandlers();
  const found: string[] = [];
  for (let id = 1; id <= 300; id++) {
    const call = { request: { subchannel_id: String(id) } } as Parameters<typeof GetSubchannel>[0];
    GetSubchannel(call, (error, answer) => {
      if (!error && answer) found.push(`${id} ${answer.subchannel?.ref?.name ?? ''}`);
    });
  }
  return found;
}

/** The events that a close brings about come in the next turns of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('a channel that is closed', () => {
  test('while serving, after endpoints came and went: channelz has no subchannel of it left', async () => {
    const before = channelzEntries();
    const backends = await startFleet(4);
    const endpoints = backends.map((backend) => backend.endpoint());
    const channel = openChannel({
      endpoints: endpoints.slice(0, 3),
      policy: customRoundRobin({ repeatCount: 1 }),
    });
    await channel.peers(3);
    channel.resolver.push(endpoints.slice(1));
    await channel.untilServedBy(backends.slice(1).map(({ peer }) => peer));
    channel.resolver.push(endpoints.slice(1), { 'grpc.primary_user_agent': 'changed' });
    await channel.peers(6);
    expect(channelzEntries().length).toBeGreaterThanOrEqual(before.length + 3);

    channel.close();
    await nextTurn();
    expect(channelzEntries()).toEqual(before);
  });

  test('while connecting to a dead and a silent endpoint: RPCs that wait fail, no subchannel is left', async () => {
    const before = channelzEntries();
    const [dead] = (await startFleet(1)) as [Backend];
    dead.kill();
    const silent = await startPeer('silent', '127.0.0.1');
    const channel = openChannel({
      endpoints: [dead.endpoint(), { addresses: [silent.address] }],
      policy: customRoundRobin(),
    });
    const waiting = attempt(channel);
    await silent.connected();
    expect(channelzEntries().length).toBe(before.length + 2);
    channel.close();
    expect((await waiting).error?.details).toContain('Channel closed');
    await nextTurn();
    expect(channelzEntries()).toEqual(before);
  });

  test('calls its policy no more, whatever happens to the servers', async () => {
    const backends = await startFleet(3);
    const channel = openChannel({
      endpoints: backends.map((backend) => backend.endpoint()),
      policy: counting(),
    });
    await channel.unary();
    const stream = channel.bidi();
    stream.on('error', () => {});
    const echo = new Promise((resolve) => stream.once('data', resolve));
    stream.write(Buffer.from('open'));
    await echo;
    channel.close();
    const last = updates;
    expect(last).toBeGreaterThan(0);
    // The stream keeps its connection until it ends, and ends with it.
    const ended = new Promise((resolve) => stream.once('status', resolve));
    for (const backend of backends) backend.kill();
    await ended;
    await nextTurn();
    expect(updates).toBe(last);
  });

  test.each(['custom_round_robin', 'least_request'])(
    'lets its process end by itself, even with a dead and a silent endpoint (%s)',
    async (policy) => {
      const backends = await startFleet(2);
      const [dead] = (await startFleet(1)) as [Backend];
      dead.kill();
      const silent = await startPeer('silent', '127.0.0.1');
      const ports = [...backends, dead, silent.address].map(({ port }) => String(port));
      const client = start(node('test/endpoints/closed-client-process.ts', policy, ...ports));
      await client.out.line(/^closed/);
      expect((await client).exitCode).toBe(0);
      expect(client.out.all.filter((line) => line.startsWith('served by'))).toHaveLength(10);
    },
  );
});

describe('a policy that is destroyed', () => {
  const states = [State.IDLE, State.CONNECTING, State.READY, State.TRANSIENT_FAILURE] as const;

  test.each(states.map((state) => [State[state], state] as const))(
    'with its endpoints in %s: releases every subchannel and stays deaf to all of them',
    async (_, state) => {
      const channel = new SimulatedChannel(customRoundRobin({ readyTimeout: '0s' }));
      const endpoints = [
        SimulatedChannel.endpoint('[::1]:1', '10.0.0.1:1'),
        SimulatedChannel.endpoint('10.0.0.2:1'),
        SimulatedChannel.endpoint('10.0.0.3:1'),
      ];
      channel.update(endpoints);
      channel.subchannel('10.0.0.3:1').become(State.READY);
      channel.all(state);
      channel.update(endpoints.slice(0, 2), { options: { 'grpc.primary_user_agent': 'changed' } });
      expect(channel.refs).toBeGreaterThan(0);

      channel.policy.destroy();
      expect(channel.refs).toBe(0);
      const published = channel.publications.length;
      const requested = channel.reresolutions;
      const created = channel.created;
      for (const later of [State.CONNECTING, State.READY, State.IDLE, State.TRANSIENT_FAILURE]) {
        channel.all(later);
        await nextTurn();
      }
      expect(channel.publications.length).toBe(published);
      expect(channel.reresolutions).toBe(requested);
      expect(channel.created).toBe(created);
      expect(channel.refs).toBe(0);
      for (const subchannel of channel.subchannels.values()) expect(subchannel.listeners.size).toBe(0);
    },
  );

  describe('while it connects: pick_first still has a timer for its next address, and calls back when it fires', () => {
    const [stays, goes] = [
      SimulatedChannel.endpoint('10.0.0.1:1'),
      SimulatedChannel.endpoint('10.0.0.2:1', '10.0.0.3:1'),
    ];
    let log: EventLog;
    let channel: SimulatedChannel;

    beforeEach(() => {
      vi.useFakeTimers();
      log = EventLog.start();
      channel = new SimulatedChannel(customRoundRobin({ readyTimeout: '0s' }));
      channel.update([stays, goes]);
      channel.subchannel('10.0.0.1:1').become(State.READY);
      channel.subchannel('10.0.0.2:1').become(State.CONNECTING);
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test('the policy is deaf to it, and no timer is left', async () => {
      channel.policy.destroy();
      await told();
      const events = log.events.length;
      await vi.advanceTimersByTimeAsync(1000);
      expect(log.events.slice(events)).toEqual([]);
      expect(log.events.slice(-2).map(({ to }) => to)).toEqual(['SHUTDOWN', 'SHUTDOWN']);
      expect(vi.getTimerCount()).toBe(0);
    });

    test('so is a policy that lives on without the endpoint: no event, no re-resolution', async () => {
      channel.update([stays]);
      await told();
      const events = log.events.length;
      const requests = channel.reresolutions;
      await vi.advanceTimersByTimeAsync(1000);
      expect(log.events.slice(events)).toEqual([]);
      expect(log.events.at(-1)?.to).toBe('SHUTDOWN');
      expect(channel.reresolutions).toBe(requests);
      expect(channel.picks(2)).toEqual(['10.0.0.1:1', '10.0.0.1:1']);
    });
  });
});
