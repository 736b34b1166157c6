/** Connections that are lost as soon as they are made: when the next attempt comes, and what RPCs see meanwhile. */

import { Metadata, connectivityState as State, status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { startFleet, startPeer } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import { attempt } from '../support/load.js';

customRoundRobin.register();

const { CONNECTING, IDLE, READY } = State;
const POLICY = customRoundRobin({ repeatCount: 1, readyTimeout: '0s' });
const [A, B] = ['10.0.0.0:1', '10.0.0.1:1'] as const;

const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('an endpoint whose connections are lost at once', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.5); // no jitter
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  function open(count = 1, options = {}): SimulatedChannel {
    const channel = new SimulatedChannel(POLICY);
    channel.update(SimulatedChannel.endpoints(count), { options });
    return channel;
  }

  /** Connects, and loses the connection after so many milliseconds. Answers whether the next attempt is there at once. */
  async function live(channel: SimulatedChannel, ms: number, meanwhile = () => {}): Promise<boolean> {
    channel.subchannel(A).become(READY);
    meanwhile();
    vi.advanceTimersByTime(ms);
    const { created } = channel;
    channel.subchannel(A).become(IDLE);
    await tick();
    return channel.created > created;
  }

  /** How long it takes until the next attempt comes. */
  function wait(channel: SimulatedChannel): number {
    const { created } = channel;
    const start = performance.now();
    while (channel.created === created && vi.getTimerCount() > 0) vi.advanceTimersToNextTimer();
    return performance.now() - start;
  }

  test('is connected to again at once, and from the second one on after a back-off that grows', async () => {
    const channel = open();
    expect(await live(channel, 10)).toBe(true);
    for (const delay of [1000, 1600, 2560]) {
      expect(await live(channel, 10)).toBe(false);
      expect(wait(channel)).toBe(delay);
    }
  });

  test('has the back-off of the channel options', async () => {
    const channel = open(1, {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 130,
    });
    await live(channel, 10);
    for (const delay of [100, 130, 130]) {
      expect(await live(channel, 10)).toBe(false);
      expect(wait(channel)).toBe(delay);
    }
  });

  test('has no back-off any more after a connection that lasts', async () => {
    const channel = open();
    await live(channel, 10);
    await live(channel, 10);
    wait(channel);
    // As long as servers leave it which limit the age of connections to a second.
    for (let i = 0; i < 3; i++) expect(await live(channel, 900)).toBe(true);
    expect(await live(channel, 10)).toBe(true);
    expect(await live(channel, 10)).toBe(false);
    expect(wait(channel)).toBe(1000);
  });

  test.each<[string, status, Record<string, string>, boolean]>([
    ['was answered', status.OK, {}, true],
    ['was answered with an error', status.UNAVAILABLE, { 'content-type': 'application/grpc' }, true],
    ['ended with the connection', status.UNAVAILABLE, {}, false],
  ])('has no back-off where an RPC %s: %s %j', async (_, code, trailers, atOnce) => {
    const channel = open();
    const call = () => {
      const { onCallStarted, onCallEnded } = channel.latest.picker.pick({
        metadata: new Metadata(),
        extraPickInfo: {},
      });
      onCallStarted?.();
      onCallEnded?.(code, '', Metadata.fromHttp2Headers(trailers));
    };
    for (let i = 0; i < 2; i++) await live(channel, 10, call);
    expect(await live(channel, 10, call)).toBe(atOnce);
  });

  test('fails RPCs while it waits, and until it is connected: with the reason, as after failed attempts', async () => {
    const channel = open();
    await live(channel, 10);
    await live(channel, 12);
    const reason = `custom_round_robin: the only endpoint failed: ${A}: connection lost after 12 ms, as the one before, and no RPC answered: the next attempt waits`;
    expect([channel.state, channel.pick()]).toEqual(['TRANSIENT_FAILURE', reason]);
    wait(channel);
    channel.subchannel(A).become(CONNECTING);
    expect([channel.state, channel.pick()]).toEqual(['TRANSIENT_FAILURE', reason]);
    channel.subchannel(A).become(READY);
    expect(channel.pick()).toBe(A);
  });

  test('holds no RPC up where others are READY', async () => {
    const channel = open(2);
    channel.subchannel(B).become(READY);
    await live(channel, 10);
    await live(channel, 10);
    expect(channel.picks(3)).toEqual([B, B, B]);
  });

  test('opens its next connection with channel options that came while it waited', async () => {
    const channel = open();
    await live(channel, 10);
    await live(channel, 10);
    const { created } = channel;
    channel.update(SimulatedChannel.endpoints(1), { options: { 'grpc.primary_user_agent': 'newer' } });
    expect(channel.created).toBe(created);
    let agent: unknown;
    const { createSubchannel } = channel.helper;
    channel.helper.createSubchannel = (address, options) => {
      agent = options['grpc.primary_user_agent'];
      return createSubchannel.call(channel.helper, address, options);
    };
    wait(channel);
    expect(agent).toBe('newer');
  });

  test('leaves no timer behind when its policy is destroyed', async () => {
    const channel = open();
    await live(channel, 10);
    await live(channel, 10);
    channel.policy.destroy();
    vi.advanceTimersByTime(300); // pick_first's own
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('peers that end each connection', () => {
  test.each(['GOAWAY', 'FIN'] as const)(
    'with %s are not called without end, and cost the others nothing',
    async (how) => {
      const peers = await Promise.all([how, how, how].map((each) => startPeer(each)));
      const [good] = (await startFleet(1)) as [Backend];
      const names = peers.map(({ address }) => `${address.host}:${address.port}`);
      const log = EventLog.start();
      const channel = openChannel({
        endpoints: [...peers.map(({ address }) => ({ addresses: [address] })), good.endpoint()],
        policy: POLICY,
        channelOptions: { 'grpc.initial_reconnect_backoff_ms': 60_000 },
      });
      await attempt(channel);
      await log.untilEntered(names, 'TRANSIENT_FAILURE');
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => attempt(channel)));
      expect(outcomes.filter(({ error }) => error)).toEqual([]);
      expect(peers.map(({ connections }) => connections)).toEqual([2, 2, 2]);
    },
  );
});
