/**
 * What ends a Watch, and that nothing of it is left behind: no stream, no timer,
 * no channelz entry, nothing that disturbs another channel.
 */

import { status as Status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { HealthServer } from '@petiole/test-kit/health-server';
import { node, start } from '@petiole/test-kit/processes/program';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, test } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { type ChannelzEntity, channelsOf, channelzChannels, subchannelsOf } from '../support/channelz.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel, TestChannelOptions } from '../support/test-channel.js';

customRoundRobin.register();

const POLICY = customRoundRobin({ repeatCount: 1 });
const ECHO = { healthCheckConfig: { serviceName: 'echo' } };
const HEALTH_ATTRIBUTE = 'grpc.internal.no_subchannel.petiole.health_check_service_name';

interface Scripted {
  readonly backend: Backend;
  readonly health: HealthServer;
}

/** A server that says SERVING of everything. */
async function startServing(): Promise<Scripted> {
  const health = new HealthServer();
  health.onWatch = (stream) => stream.answer('SERVING');
  const backend = await startBackend({ services: health.addTo });
  return { backend, health };
}

function channelTo({ backend }: Scripted, options: Partial<TestChannelOptions> = {}): TestChannel {
  return openChannel({ endpoints: [backend.endpoint()], policy: POLICY, serviceConfig: ECHO, ...options });
}

/** The channelz entries of a channel and of the single-subchannel channels that its watches run on. */
function entriesOf(channel: TestChannel): ReturnType<typeof channelsOf> {
  return channelsOf(channel.client.getChannel().getTarget());
}

/** The first of them. */
async function entryOf(channel: TestChannel): Promise<ChannelzEntity> {
  const [entry] = await entriesOf(channel);
  if (entry === undefined) throw new Error('channelz does not have the channel');
  return entry;
}

describe('what ends a watch', () => {
  test('GOAWAY: the server drains although a Watch was open, and the next connection has a new one', async () => {
    const server = await startServing();
    const channel = channelTo(server);
    await channel.unary();
    await server.backend.drain();
    expect(server.health.streams.map(({ cancelled }) => cancelled)).toEqual([true]);
    await server.backend.restart();
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(server.backend.peer);
    expect(server.health.streams.map(({ cancelled }) => cancelled)).toEqual([true, false]);
  });

  test('a killed server: one new connection, one new watch', async () => {
    const server = await startServing();
    const log = EventLog.start();
    const channel = channelTo(server);
    await channel.unary();
    server.backend.kill();
    expect((await log.event(server.backend.peer, 'ENDED')).reason).toBe('the connection is no longer in use');
    await server.backend.restart();
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(server.backend.peer);
    await server.health.untilOpen(1);
    expect(server.health.streams).toHaveLength(2);
    expect(log.lines().filter((line) => line.startsWith('health'))).toEqual([
      'health PENDING -> SERVING: health check: SERVING',
      'health SERVING -> ENDED: the connection is no longer in use',
      'health PENDING -> SERVING: health check: SERVING',
    ]);
  });

  test('the resolver removes the endpoint', async () => {
    const [kept, removed] = [await startServing(), await startServing()];
    const endpoints = [kept.backend.endpoint(), removed.backend.endpoint()];
    const channel = channelTo(kept, { endpoints });
    await channel.unary();
    channel.resolver.push([kept.backend.endpoint()]);
    await removed.health.untilOpen(0);
    expect(kept.health.open).toHaveLength(1);
  });

  test('the channel is closed: no stream and no channelz entry is left', async () => {
    const server = await startServing();
    const before = await channelzChannels();
    const channel = channelTo(server);
    await channel.unary();
    expect(await entriesOf(channel)).toHaveLength(2);
    channel.close();
    await server.health.untilOpen(0);
    expect((await channelzChannels()).map(({ ref }) => ref)).toEqual(before.map(({ ref }) => ref));
  });

  test('the channel is closed before the first answer: no stream and no channelz entry is left', async () => {
    const server = await startServing();
    server.health.onWatch = () => {};
    const before = await channelzChannels();
    const channel = channelTo(server);
    const rpc = channel.unary();
    await server.health.stream();
    channel.close();
    await expect(rpc).rejects.toThrow();
    await server.health.untilOpen(0);
    expect((await channelzChannels()).map(({ ref }) => ref)).toEqual(before.map(({ ref }) => ref));
  });

  test('the channel goes idle; the next RPC watches again', async () => {
    const server = await startServing();
    const channel = channelTo(server, { channelOptions: { 'grpc.client_idle_timeout_ms': 1000 } });
    await channel.unary();
    expect(server.health.open).toHaveLength(1);
    await server.health.untilOpen(0);
    await untilState(channel, 'IDLE');
    expect(await channel.unary()).toBe(server.backend.peer);
    expect(server.health.open).toHaveLength(1);
  });

  test('health checking is switched off: the stream ends, the connection stays', async () => {
    const server = await startServing();
    const channel = channelTo(server);
    await channel.unary();
    const connection = async () => (await subchannelsOf(await entryOf(channel)))[0]?.socket_ref;
    const before = await connection();
    expect(before).toHaveLength(1);
    channel.resolver.push([server.backend.endpoint()], { [HEALTH_ATTRIBUTE]: null });
    await server.health.untilOpen(0);
    expect(await channel.unary()).toBe(server.backend.peer);
    expect(await connection()).toEqual(before);
  });
});

test('channelz counts each Watch among the calls of the subchannel, by how it ended, not of the channel', async () => {
  const server = await startServing();
  const ends = [undefined, { code: Status.INTERNAL, details: 'broken' }];
  server.health.onWatch = (stream) => {
    stream.answer('SERVING');
    if (ends.length > 0) stream.end(ends.shift());
  };
  const channel = channelTo(server, { policy: customRoundRobin({ repeatCount: 1, readyTimeout: '0s' }) });
  channel.client.getChannel().getConnectivityState(true);
  await server.health.stream(2);
  await untilState(channel, 'READY');
  const entry = await entryOf(channel);
  expect(entry.data.calls_started).toBe(0);
  const [subchannel] = await subchannelsOf(entry);
  expect(subchannel?.data).toMatchObject({ calls_started: 3, calls_succeeded: 1, calls_failed: 1 });
});

describe('two channels that share a connection', () => {
  /** Two channels of one target, in grpc-js's global pool, that watch the services `a` and `b`. */
  function pair(server: Scripted): [TestChannel, TestChannel] {
    const open = (service: string) =>
      channelTo(server, {
        target: `ipv4:${server.backend.peer}`,
        serviceConfig: {},
        channelOptions: { 'grpc.use_local_subchannel_pool': 0, [HEALTH_ATTRIBUTE]: service },
      });
    return [open('a'), open('b')];
  }

  test('each has its own watch of its own service on the one connection, and its own view of it', async () => {
    const server = await startServing();
    const [a, b] = pair(server);
    await Promise.all([a.unary(), b.unary()]);
    expect(server.health.streams.map(({ service }) => service).sort()).toEqual(['a', 'b']);
    const subchannels = await Promise.all([a, b].map(async (c) => (await entryOf(c)).subchannel_ref));
    expect(subchannels[0]).toEqual(subchannels[1]);
    server.health.streams.find(({ service }) => service === 'a')?.answer('NOT_SERVING');
    await untilState(a, 'TRANSIENT_FAILURE');
    expect(await b.unary()).toBe(server.backend.peer);
  });

  test('closing one leaves the watch of the other as it is, and closing both leaves nothing in channelz', async () => {
    const server = await startServing();
    const before = await channelzChannels();
    const [a, b] = pair(server);
    await Promise.all([a.unary(), b.unary()]);
    a.close();
    await server.health.untilOpen(1);
    const [left] = server.health.open;
    expect(left?.service).toBe('b');
    left?.answer('NOT_SERVING');
    await untilState(b, 'TRANSIENT_FAILURE');
    left?.answer('SERVING');
    await untilState(b, 'READY');
    expect(await b.unary()).toBe(server.backend.peer);
    // A failed stream is tried again on the shared channel object, which the other one has closed.
    left?.end();
    expect((await server.health.stream(2)).service).toBe('b');
    await untilState(b, 'READY');
    b.close();
    await server.health.untilOpen(1);
    expect((await channelzChannels()).map(({ ref }) => ref)).toEqual(before.map(({ ref }) => ref));
  });
});

describe('the process', () => {
  const run = async (...args: string[]): Promise<string[]> => {
    const { exitCode, stdout } = await start(node('test/health/open-watch-process.ts', ...args));
    expect(exitCode).toBe(0);
    return stdout.split('\n');
  };

  test('an open Watch keeps it alive until the client is closed', async () => {
    const { backend } = await startServing();
    expect(await run(backend.peer, 'echo')).toEqual([`served by ${backend.peer}`, 'still alive']);
  });

  test('a Watch that waits for its next attempt does not keep it alive', async () => {
    const health = new HealthServer();
    const failed = { code: Status.INTERNAL, details: 'broken' };
    health.onWatch = (stream) => {
      if (health.streams.length === 1) stream.answer('SERVING');
      else stream.end(failed);
    };
    const backend = await startBackend({
      services: health.addTo,
      unary: async (call, callback) => {
        health.streams[0]?.end(failed);
        // The attempt that follows at once has failed too before the process has nothing left to do.
        await health.stream(1);
        callback(null, call.request);
      },
    });
    expect(await run(backend.peer, 'echo')).toEqual([`served by ${backend.peer}`]);
  });

  test('without health checking it ends by itself, closed or not', async () => {
    const { backend } = await startServing();
    expect(await run(backend.peer)).toEqual([`served by ${backend.peer}`]);
  });
});
