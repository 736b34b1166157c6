/**
 * Client-side health checking on real servers: which endpoints get RPCs, by what
 * the servers say of themselves, and what switches it on and off.
 */

import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { type LoadBalancingConfig, Metadata, status as Status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { untilState } from '@petiole/test-kit/clients';
import { HealthServer } from '@petiole/test-kit/health-server';
import { startHttp2 } from '@petiole/test-kit/http2-server';
import { startBackend } from '@petiole/test-kit/servers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin, definePolicy, leastRequest } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { type HealthyBackend, openChannel, startHealthyFleet } from '../support/fleet.js';
import type { TestChannelOptions } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();

const firstReady = definePolicy({
  name: 'first_ready_for_health',
  createPicker: (ready) => {
    const [first] = ready;
    return first && { pick: () => first.pickResult };
  },
});
firstReady.register();

const ROUND_ROBIN = customRoundRobin({ repeatCount: 1, readyTimeout: '0s' });
const ECHO = { healthCheckConfig: { serviceName: 'echo' } };
const HEALTH_ATTRIBUTE = 'grpc.internal.no_subchannel.petiole.health_check_service_name';

/** A server whose Watch streams the test answers. */
async function startScripted(): Promise<{ backend: Backend; health: HealthServer }> {
  const health = new HealthServer();
  const backend = await startBackend({ services: health.addTo });
  return { backend, health };
}

function channelTo(
  backends: readonly { backend: Backend }[],
  options: Partial<TestChannelOptions> = {},
): ReturnType<typeof openChannel> {
  return openChannel({
    endpoints: backends.map(({ backend }) => backend.endpoint()),
    policy: ROUND_ROBIN,
    serviceConfig: ECHO,
    ...options,
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('what the server says', () => {
  test('RPCs wait for the first answer; they do not fail, and none is sent before it', async () => {
    const scripted = await startScripted();
    const channel = channelTo([scripted]);
    const rpc = channel.unary();
    const stream = await scripted.health.stream();
    expect(stream.service).toBe('echo');
    // Two more round trips on the loopback: an RPC that does not wait would arrive before their end.
    const other = openChannel({ endpoints: [scripted.backend.endpoint()], policy: ROUND_ROBIN });
    await other.peers(2);
    expect(scripted.backend.calls).toBe(2);
    stream.answer('SERVING');
    expect(await rpc).toBe(scripted.backend.peer);
    expect(scripted.backend.calls).toBe(3);
  });

  test.each(['NOT_SERVING', 'UNKNOWN'] as const)(
    '%s takes the endpoint out of picks, SERVING brings it back, on the same connection',
    async (status) => {
      const servers = (await startHealthyFleet(2)) as [HealthyBackend, HealthyBackend];
      const [ill, well] = servers;
      const log = EventLog.start();
      const channel = channelTo(servers);
      await channel.untilServedBy([ill.backend.peer, well.backend.peer]);
      let from = log.now;
      ill.health.setStatus('echo', status);
      const out = await log.event(ill.backend.peer, 'TRANSIENT_FAILURE', from);
      expect(out.reason).toBe(`health check: ${status}`);
      expect(new Set(await channel.peers(6))).toEqual(new Set([well.backend.peer]));
      from = log.now;
      ill.health.setStatus('echo', 'SERVING');
      await log.event(ill.backend.peer, 'READY', from);
      expect(new Set(await channel.peers(4))).toEqual(new Set([ill.backend.peer, well.backend.peer]));
      expect(log.lines(ill.backend.peer).filter((line) => line.includes('connection'))).toEqual([]);
    },
  );

  test('a service that the server does not know takes the endpoint out', async () => {
    const [server] = (await startHealthyFleet(1)) as [HealthyBackend];
    const channel = channelTo([server], { serviceConfig: { healthCheckConfig: { serviceName: 'other' } } });
    await expect(channel.unary()).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
      details: expect.stringContaining(`${server.backend.peer}: health check: SERVICE_UNKNOWN`),
    });
    server.health.setStatus('other', 'SERVING');
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(server.backend.peer);
  });

  test('RPCs that wait for ready wait until a server says SERVING', async () => {
    const [server] = (await startHealthyFleet(1)) as [HealthyBackend];
    server.health.setStatus('echo', 'NOT_SERVING');
    const channel = channelTo([server]);
    channel.client.getChannel().getConnectivityState(true);
    await untilState(channel, 'TRANSIENT_FAILURE');
    await expect(channel.unary()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
    const patient = channel.unary({ metadata: new Metadata({ waitForReady: true }) });
    server.health.setStatus('echo', 'SERVING');
    expect(await patient).toBe(server.backend.peer);
  });

  test('an RPC in flight outlives NOT_SERVING: health is for picks', async () => {
    const [server] = (await startHealthyFleet(1)) as [HealthyBackend];
    const channel = channelTo([server]);
    const stream = channel.bidi();
    stream.on('error', () => {});
    stream.write(Buffer.from('before'));
    expect((await once(stream, 'data'))[0].toString()).toBe('before');
    server.health.setStatus('echo', 'NOT_SERVING');
    await untilState(channel, 'TRANSIENT_FAILURE');
    stream.write(Buffer.from('after'));
    expect((await once(stream, 'data'))[0].toString()).toBe('after');
    stream.end();
  });

  test('no name asks for the health of the server as a whole', async () => {
    const scripted = await startScripted();
    scripted.health.onWatch = (stream) => stream.answer('SERVING');
    const channel = channelTo([scripted], { serviceConfig: { healthCheckConfig: { serviceName: '' } } });
    await channel.unary();
    expect((await scripted.health.stream()).request).toEqual(Buffer.alloc(0));
  });
});

test('the Watch names the authority of the target: grpc-js gives it no grpc.default_authority', async () => {
  const health = new HealthServer();
  health.onWatch = (stream) => stream.answer('SERVING');
  let authority = '';
  const backend = await startBackend({
    services: health.addTo,
    unary: (call, callback) => {
      authority = call.getHost();
      callback(null, call.request);
    },
  });
  await channelTo([{ backend }], { channelOptions: { 'grpc.default_authority': 'other.example' } }).unary();
  expect(authority).toBe('other.example');
  expect((await health.stream()).authority).toBe('localhost');
});

const GRPC_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };

/** A message as gRPC sends it. */
function frame(message: Buffer, { compressed = false } = {}): Buffer {
  const header = Buffer.from([compressed ? 1 : 0, 0, 0, 0, 0]);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

describe('a stream that ends after it said SERVING', () => {
  test.each([
    ['with OK', undefined],
    ['with an error', { code: Status.UNAVAILABLE, details: 'stream timeout' }],
  ])('%s is no failure: RPCs go on until the next one is answered', async (_, status) => {
    const scripted = await startScripted();
    const log = EventLog.start();
    const { peer } = scripted.backend;
    const channel = channelTo([scripted]);
    const rpc = channel.unary();
    const first = await scripted.health.stream(0);
    first.answer('SERVING');
    await rpc;
    first.end(status);
    const second = scripted.health.stream(1);
    let asked = false;
    second.then(() => {
      asked = true;
    });
    while (!asked) expect(await channel.unary()).toBe(peer);
    // No answer yet.
    expect(await channel.unary()).toBe(peer);
    (await second).answer('NOT_SERVING');
    await log.event(peer, 'NOT_SERVING');
    await expect(channel.unary()).rejects.toThrow('health check: NOT_SERVING');
    expect(log.lines(peer).filter((line) => line.startsWith('health'))).toEqual([
      'health PENDING -> SERVING: health check: SERVING',
      'health SERVING -> NOT_SERVING: health check: NOT_SERVING',
    ]);
  });

  test('a server whose every Watch answers once and ends with OK can be used', async () => {
    const scripted = await startScripted();
    const log = EventLog.start();
    scripted.health.onWatch = (stream) => {
      stream.answer('SERVING');
      stream.end();
    };
    const channel = channelTo([scripted]);
    while (scripted.health.streams.length < 3) await channel.unary();
    expect(log.events.filter(({ to }) => to === 'FAILED')).toEqual([]);
  });
});

describe('a stream that ends without an answer', () => {
  test.each([
    ['with OK', undefined, 'health check failed: the server ended the Watch with OK; it must stay open'],
    [
      'with an error',
      { code: Status.PERMISSION_DENIED, details: 'not for you' },
      'health check failed: 7 PERMISSION_DENIED: not for you',
    ],
    [
      'with a code that gRPC does not have',
      { code: 99 as Status, details: 'what?' },
      'health check failed: 99 (no code of gRPC): what?',
    ],
    [
      'with an error that forges lines and speaks to terminals',
      { code: Status.UNAVAILABLE, details: 'ill\nE root logged in\u001b[31m' },
      'health check failed: 14 UNAVAILABLE: ill E root logged in\\x1b[31m',
    ],
  ])('%s takes the endpoint out until the next one is answered', async (_, status, reason) => {
    const scripted = await startScripted();
    const log = EventLog.start();
    const { peer } = scripted.backend;
    const channel = channelTo([scripted]);
    const rpc = channel.unary();
    (await scripted.health.stream(0)).end(status);
    expect((await log.event(peer, 'FAILED')).reason).toBe(reason);
    await expect(rpc).rejects.toThrow(reason);
    (await scripted.health.stream(1)).answer('SERVING');
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(peer);
  });

  test('a malformed message counts as a failed stream, which the client cancels', async () => {
    const scripted = await startScripted();
    const channel = channelTo([scripted]);
    const rpc = channel.unary();
    (await scripted.health.stream()).write(Buffer.from('<html>'));
    await expect(rpc).rejects.toThrow('health check failed: 13 INTERNAL: malformed HealthCheckResponse');
    await scripted.health.untilOpen(0);
    (await scripted.health.stream(1)).answer('SERVING');
    await untilState(channel, 'READY');
  });

  test.each<[string, OutgoingHttpHeaders, string]>([
    ['without an encoding', {}, 'Received compressed message but "grpc-encoding" header was identity'],
    ['in an unknown encoding', { 'grpc-encoding': 'snappy' }, 'Compression method not supported: snappy'],
    [
      'that is no gzip',
      { 'grpc-encoding': 'gzip' },
      '13 INTERNAL: Failed to decompress gzip-encoded message',
    ],
  ])('so does a compressed message %s; grpc-js would end the process by it', async (_, headers, reason) => {
    const { endpoint } = await startHttp2((stream) => {
      stream.respond({ ...GRPC_HEADERS, ...headers });
      stream.write(frame(Buffer.from([0x08, 1]), { compressed: true }));
    });
    const channel = openChannel({ endpoints: [endpoint], policy: ROUND_ROBIN, serviceConfig: ECHO });
    await expect(channel.unary()).rejects.toThrow(reason);
  });

  test.each([
    ['a message of 2 kB', frame(Buffer.alloc(2000)), 'Received message larger than max (2000 vs 1024)'],
    [
      'a length of 4 GB, whatever follows',
      Buffer.from([0, 0xff, 0xff, 0xff, 0xff]),
      'Received message larger than max (4294967295 vs 1024)',
    ],
    [
      'a compressed message of 5 kB that is 5 MB',
      frame(gzipSync(Buffer.alloc(5_000_000)), { compressed: true }),
      /Received message larger than max \(\d+ vs 1024\)/,
    ],
    [
      'a compressed message of less than 1 kB that is more',
      frame(gzipSync(Buffer.alloc(500_000)), { compressed: true }),
      'Received message that decompresses to a size larger than 1024',
    ],
  ])('so does %s, also where the application has no limit', async (_, bytes, reason) => {
    const { endpoint } = await startHttp2((stream) => {
      stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'gzip' });
      stream.write(bytes);
    });
    const channel = openChannel({
      endpoints: [endpoint],
      policy: ROUND_ROBIN,
      serviceConfig: ECHO,
      channelOptions: { 'grpc.max_receive_message_length': -1 },
    });
    await expect(channel.unary()).rejects.toThrow(reason);
  });

  test('so does a request that may not be sent', async () => {
    const log = EventLog.start();
    const scripted = await startScripted();
    const channel = channelTo([scripted], { channelOptions: { 'grpc.max_send_message_length': 2 } });
    channel.client.getChannel().getConnectivityState(true);
    const { reason } = await log.event(scripted.backend.peer, 'FAILED');
    expect(reason).toBe(
      'health check failed: 8 RESOURCE_EXHAUSTED: Attempted to send message with a size larger than 2',
    );
  });

  test('a server that ends the stream at once is out, and the RPC says why', async () => {
    const scripted = await startScripted();
    scripted.health.onWatch = (stream) => stream.end({ code: Status.INTERNAL, details: 'broken' });
    const channel = channelTo([scripted]);
    await expect(channel.unary()).rejects.toMatchObject({
      code: Status.UNAVAILABLE,
      details: expect.stringContaining('health check failed: 13 INTERNAL: broken'),
    });
    expect(scripted.health.streams).toHaveLength(1);
  });

  test('a compressed status is understood, though the Watch asks for none', async () => {
    let accepted: unknown;
    const log = EventLog.start();
    const { endpoint, peer } = await startHttp2((stream, headers) => {
      accepted = headers['grpc-accept-encoding'];
      stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'gzip' });
      stream.write(frame(gzipSync(Buffer.from([0x08, 1])), { compressed: true }));
    });
    const channel = openChannel({ endpoints: [endpoint], policy: ROUND_ROBIN, serviceConfig: ECHO });
    channel.client.getChannel().getConnectivityState(true);
    await log.event(peer, 'SERVING');
    expect(accepted).toBe('identity');
  });

  test('where a proxy answers with HTTP status 404, the endpoint counts as healthy until the server is reached', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const log = EventLog.start();
    let watches = 0;
    const { endpoint, peer } = await startHttp2((stream, headers) => {
      if (!headers[':path']?.includes('Health')) {
        stream.respond({ ...GRPC_HEADERS, 'grpc-status': '0' }, { endStream: true });
      } else if (watches++ === 0) {
        stream.respond({ ':status': 404, 'content-type': 'text/html' });
        stream.end('<html>not found</html>');
      } else {
        stream.respond(GRPC_HEADERS);
        stream.write(frame(Buffer.from([0x08, 2])));
      }
    });
    const serviceConfig = { healthCheckConfig: { serviceName: 'behind a proxy' } };
    const channel = openChannel({ endpoints: [endpoint], policy: ROUND_ROBIN, serviceConfig });
    channel.client.getChannel().getConnectivityState(true);
    await untilState(channel, 'READY');
    await log.event(peer, 'NOT_SERVING');
    expect(log.lines(peer).filter((line) => line.startsWith('health'))).toEqual([
      'health PENDING -> UNIMPLEMENTED: no health service is found: HTTP status 404',
      'health UNIMPLEMENTED -> NOT_SERVING: health check: NOT_SERVING',
    ]);
    expect(error.mock.calls.map(([line]) => `${line}`).filter((line) => line.includes(peer))).toEqual([
      `E Health checking of service "behind a proxy": ${peer} answers with HTTP status 404 to grpc.health.v1.Health/Watch. It counts as healthy, as does every server without that method; further ones are not logged.`,
    ]);
  });

  test('without a health service the endpoint is healthy, and one line at ERROR says so for all servers', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const backends = await Promise.all(
      [0, 1, 2].map(async () => {
        const backend = await startBackend();
        return { backend };
      }),
    );
    const log = EventLog.start();
    const options = { serviceConfig: { healthCheckConfig: { serviceName: 'nobody-has-it' } } };
    for (const channel of [channelTo(backends, options), channelTo(backends, options)]) {
      await channel.untilServedBy(backends.map(({ backend }) => backend.peer));
    }
    const lines = error.mock.calls
      .map(([line]) => `${line}`)
      .filter((line) => line.includes('nobody-has-it'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^E Health checking of service "nobody-has-it": 127\.0\.0\.1:\d+ does not implement grpc\.health\.v1\.Health\/Watch\. It counts as healthy, as does every server without that method; further ones are not logged\.$/,
    );
    expect(log.events.filter(({ to }) => to === 'UNIMPLEMENTED')).toHaveLength(6);
  });
});

describe('every policy', () => {
  test.each<[string, LoadBalancingConfig]>([
    ['custom_round_robin', ROUND_ROBIN],
    ['least_request', leastRequest()],
    ['a policy made with definePolicy', firstReady()],
  ])('%s sends nothing to a server that is NOT_SERVING', async (_, policy) => {
    const servers = (await startHealthyFleet(2)) as [HealthyBackend, HealthyBackend];
    const [ill, well] = servers;
    ill.health.setStatus('echo', 'NOT_SERVING');
    const channel = channelTo(servers, { policy });
    expect(new Set(await channel.peers(10))).toEqual(new Set([well.backend.peer]));
    const log = EventLog.start();
    ill.health.setStatus('echo', 'SERVING');
    well.health.setStatus('echo', 'NOT_SERVING');
    await log.event(ill.backend.peer, 'READY');
    await log.event(well.backend.peer, 'TRANSIENT_FAILURE');
    expect(new Set(await channel.peers(10))).toEqual(new Set([ill.backend.peer]));
  });
});

describe('what switches it on and off', () => {
  async function startNotServing(): Promise<{ backend: Backend; health: HealthServer }> {
    const scripted = await startScripted();
    scripted.health.onWatch = (stream) =>
      stream.answer(stream.service === 'good' ? 'SERVING' : 'NOT_SERVING');
    return scripted;
  }

  test.each<[string, Partial<TestChannelOptions>]>([
    ['without healthCheckConfig', { serviceConfig: {} }],
    ['with a healthCheckConfig that has no serviceName', { serviceConfig: { healthCheckConfig: {} } }],
    ['with healthCheckConfig: null', { serviceConfig: { healthCheckConfig: null } }],
    ['with grpc.inhibit_health_checking', { channelOptions: { 'grpc.inhibit_health_checking': 1 } }],
  ])('%s no Watch is sent', async (_, options) => {
    const server = await startNotServing();
    const channel = channelTo([server], options);
    expect(await channel.unary()).toBe(server.backend.peer);
    expect(server.health.streams).toHaveLength(0);
  });

  test('the attribute of a resolver switches it on', async () => {
    const server = await startNotServing();
    const channel = channelTo([server], { serviceConfig: {} });
    await channel.unary();
    channel.resolver.push([server.backend.endpoint()], { [HEALTH_ATTRIBUTE]: 'bad' });
    expect((await server.health.stream()).service).toBe('bad');
    await untilState(channel, 'TRANSIENT_FAILURE');
  });

  test('the attribute of a resolver overrules the service config of the channel, and null switches it off', async () => {
    const server = await startNotServing();
    const channel = channelTo([server]);
    await expect(channel.unary()).rejects.toThrow('health check: NOT_SERVING');
    channel.resolver.push([server.backend.endpoint()], { [HEALTH_ATTRIBUTE]: null });
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(server.backend.peer);
    await server.health.untilOpen(0);
    channel.resolver.push([server.backend.endpoint()], { [HEALTH_ATTRIBUTE]: 'good' });
    expect((await server.health.stream(1)).service).toBe('good');
    expect(await channel.unary()).toBe(server.backend.peer);
  });

  test('grpc.inhibit_health_checking overrules the attribute', async () => {
    const server = await startNotServing();
    const channel = channelTo([server], {
      channelOptions: { 'grpc.inhibit_health_checking': 1, [HEALTH_ATTRIBUTE]: 'bad' },
    });
    expect(await channel.unary()).toBe(server.backend.peer);
    expect(server.health.streams).toHaveLength(0);
  });

  test('a new service name is watched instead of the old one, on the connections that are there', async () => {
    const server = await startNotServing();
    const channel = channelTo([server], { serviceConfig: { healthCheckConfig: { serviceName: 'good' } } });
    const open = channel.bidi();
    open.on('error', () => {});
    open.write(Buffer.from('before'));
    await once(open, 'data');
    const log = EventLog.start();
    channel.resolver.push([server.backend.endpoint()], { [HEALTH_ATTRIBUTE]: 'bad' });
    await untilState(channel, 'TRANSIENT_FAILURE');
    expect(server.health.streams.map(({ service }) => service)).toEqual(['good', 'bad']);
    await server.health.untilOpen(1);
    expect(server.health.streams[0]?.cancelled).toBe(true);
    open.write(Buffer.from('after'));
    expect((await once(open, 'data'))[0].toString()).toBe('after');
    open.end();
    expect(log.lines().filter((line) => line.includes('IDLE'))).toEqual([]);
  });
});

describe('under outlier_detection', () => {
  /** Ejects whoever fails RPCs, within 100 ms, for half a second. grpc-js reads no Duration strings here. */
  const outlierDetection = (): LoadBalancingConfig => ({
    outlier_detection: {
      interval: { seconds: 0, nanos: 100_000_000 },
      base_ejection_time: { seconds: 0, nanos: 500_000_000 },
      max_ejection_time: { seconds: 0, nanos: 500_000_000 },
      max_ejection_percent: 100,
      failure_percentage_ejection: {
        threshold: 50,
        enforcement_percentage: 100,
        minimum_hosts: 1,
        request_volume: 1,
      },
      child_policy: [ROUND_ROBIN],
    },
  });

  test('ejection and health both take an endpoint out; it returns when neither does', async () => {
    const health = new HealthServer();
    let failing = false;
    const ill = await startBackend({
      services: health.addTo,
      unary: (call, callback) =>
        failing ? callback({ code: Status.INTERNAL, details: 'ill' }) : callback(null, call.request),
    });
    const [well] = (await startHealthyFleet(1)) as [HealthyBackend];
    health.onWatch = (stream) => stream.answer('SERVING');
    const channel = channelTo([{ backend: ill }, well], { policy: outlierDetection() });
    await channel.untilServedBy([ill.peer, well.backend.peer]);
    const log = EventLog.start();

    // Ejected, and only then NOT_SERVING.
    failing = true;
    const errors = await Promise.all([0, 1, 2, 3].map(() => channel.unary().catch((error) => error)));
    expect(errors.some((error) => error instanceof Error)).toBe(true);
    const out = await log.event(ill.peer, 'TRANSIENT_FAILURE');
    expect(out.reason).toBe('marked unhealthy by the policy above (outlier_detection)');
    expect(new Set(await channel.peers(4))).toEqual(new Set([well.backend.peer]));
    failing = false;
    const [stream] = health.streams;
    stream?.answer('NOT_SERVING');
    await log.event(ill.peer, 'NOT_SERVING');

    // The ejection ends while it is NOT_SERVING: it stays out.
    await ejectionEnds();
    expect(new Set(await channel.peers(6))).toEqual(new Set([well.backend.peer]));
    expect(log.lines(ill.peer).filter((line) => line.includes('-> READY'))).toEqual([]);

    stream?.answer('SERVING');
    await log.event(ill.peer, 'READY');
    await channel.untilServedBy([ill.peer, well.backend.peer]);

    /** Waits for the ejection of a second, probing server to be over, which begins after the first one's. */
    async function ejectionEnds(): Promise<void> {
      let probing = true;
      const probe = await startBackend({
        unary: (call, callback) =>
          probing ? callback({ code: Status.INTERNAL, details: 'probe' }) : callback(null, call.request),
      });
      const second = channelTo([{ backend: probe }], { policy: outlierDetection(), serviceConfig: {} });
      await expect(second.unary()).rejects.toThrow('probe');
      probing = false;
      await log.event(probe.peer, 'TRANSIENT_FAILURE');
      await log.event(
        probe.peer,
        'READY',
        log.events.findIndex((e) => e.endpoint === probe.peer && e.to === 'TRANSIENT_FAILURE'),
      );
    }
  });
});
