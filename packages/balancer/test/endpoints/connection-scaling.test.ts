/** Several connections to one server (gRFC A105), against real servers that allow few streams. */
import { setLogger, status } from '@grpc/grpc-js';
import type { Backend, BackendOptions } from '@petiole/test-kit/backend';
import { hear } from '@petiole/test-kit/hear';
import { startBackend, startFleet } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import { HealthImplementation } from 'grpc-health-check';
import { afterEach, expect, test } from 'vitest';
import {
  customRoundRobin,
  leastRequest,
  requestLimit,
  type StreamsEvent,
  serviceConfig,
} from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel, TestChannelOptions } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();
requestLimit.register();

/** A server that allows so many streams on a connection, and answers when the test says so. */
async function startHolding(streams: number, options: BackendOptions = {}) {
  const held: (() => void)[] = [];
  const backend = await startBackend({
    serverOptions: { 'grpc.max_concurrent_streams': streams },
    unary: (call, callback) => void held.push(() => callback(null, call.request)),
    ...options,
  });
  const reached = (count: number): Promise<void> => expect.poll(() => held.length).toBe(count);
  return { backend, held, reached };
}

const scaling = (maxConnectionsPerSubchannel: number): object => ({
  connectionScaling: { maxConnectionsPerSubchannel },
});

function open(backend: Backend, max: number, options: Partial<TestChannelOptions> = {}): TestChannel {
  return openChannel({
    endpoints: [backend.endpoint()],
    policy: leastRequest(),
    serviceConfig: scaling(max),
    ...options,
  });
}

afterEach(() => setLogger(console));

function logOfErrors(): string[] {
  const lines: string[] = [];
  setLogger({ error: (line: string) => lines.push(line) });
  return lines;
}

test('an RPC behind 10 open streams has a second connection', async () => {
  const { backend, held, reached } = await startHolding(10);
  const channel = open(backend, 2);
  const ended = Array.from({ length: 10 }, () => channel.unary());
  await reached(10);
  expect(backend.connections).toBe(1);
  ended.push(channel.unary());
  await reached(11);
  expect(backend.connections).toBe(2);
  expect(backend.callers.size).toBe(2);
  for (const answer of held) answer();
  await Promise.all(ended);
});

test('without connectionScaling it fails with DEADLINE_EXCEEDED; an event and one line of the log say why', async () => {
  const { backend, held, reached } = await startHolding(10);
  const events: StreamsEvent[] = [];
  hear<StreamsEvent>(['petiole.endpoint.streams'], (event) => void events.push(event));
  const lines = logOfErrors();
  const channel = openChannel({ endpoints: [backend.endpoint()], policy: leastRequest() });
  const ended = Array.from({ length: 10 }, () => channel.unary());
  await reached(10);
  const late = Array.from({ length: 3 }, () => channel.unary({ deadline: Date.now() + 100 }));
  for (const failed of late) await expect(failed).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await told();
  expect(backend.connections).toBe(1);
  const event = { target: undefined, endpoint: backend.peer, allowed: 10, connections: 1 };
  expect(events).toEqual([
    { ...event, waiting: 3 },
    { ...event, waiting: 0 },
  ]);
  expect(lines).toEqual([
    expect.stringContaining(
      `least_request: 3 RPCs wait for a stream of ${backend.peer}: the server allows 10 at a time on a connection. connectionScaling`,
    ),
  ]);
  await expect(channel.unary({ deadline: Date.now() + 100 })).rejects.toThrow();
  await told();
  expect(events).toHaveLength(4);
  expect(lines).toHaveLength(1);
  for (const answer of held) answer();
  await Promise.all(ended);
});

test('RPCs that come at once fill as many connections as they need, and the oldest one that has room is used', async () => {
  const { backend, held, reached } = await startHolding(3);
  const channel = open(backend, 5);
  const ended = Array.from({ length: 10 }, () => channel.unary());
  await reached(10);
  expect(backend.connections).toBe(4);
  for (const answer of held.splice(0)) answer();
  await Promise.all(ended);
  const again = [1, 2, 3].map(() => channel.unary());
  backend.callers.clear();
  await reached(3);
  expect(backend.callers.size).toBe(1);
  for (const answer of held) answer();
  await Promise.all(again);
});

test('with as many connections as there may be, RPCs wait for a stream of one of them', async () => {
  const { backend, held, reached } = await startHolding(2);
  logOfErrors();
  const events: StreamsEvent[] = [];
  hear<StreamsEvent>(['petiole.endpoint.streams'], (event) => void events.push(event));
  const channel = open(backend, 20, { channelOptions: { 'grpc.max_connections_per_subchannel_cap': 2 } });
  const ended = Array.from({ length: 5 }, () => channel.unary());
  await reached(4);
  expect(backend.connections).toBe(2);
  await expect.poll(() => events.map(({ waiting, connections }) => [waiting, connections])).toEqual([[1, 2]]);
  for (const answer of held.splice(0)) answer();
  await reached(1);
  for (const answer of held) answer();
  await Promise.all(ended);
});

test('an endpoint stays READY while one of its connections is there, and all that are lost are made anew', async () => {
  const { backend, held, reached } = await startHolding(1);
  const log = EventLog.start();
  const channel = open(backend, 2);
  const [first, second] = [channel.unary(), channel.unary()];
  await reached(2);
  const [oldest] = backend.sockets;
  const lost = first.catch((error) => error.code);
  oldest?.destroy();
  expect(await lost).toBe(status.UNAVAILABLE);
  held[1]?.();
  await second;
  held.length = 0;
  const again = [channel.unary(), channel.unary()];
  await reached(2);
  expect(log.lines(backend.peer)).toHaveLength(2);
  for (const answer of held) answer();
  await Promise.all(again);
});

test('health is checked on each connection, and events tell of one endpoint', async () => {
  const health = new HealthImplementation({ echo: 'SERVING' });
  const { backend, held, reached } = await startHolding(3, {
    services: (server) => health.addToServer(server),
  });
  const log = EventLog.start();
  const channel = open(backend, 2, {
    serviceConfig: { ...scaling(2), healthCheckConfig: { serviceName: 'echo' } },
  });
  // A Watch takes a stream of each connection.
  const ended = [1, 2, 3, 4].map(() => channel.unary());
  await reached(4);
  expect(backend.connections).toBe(2);
  expect(log.lines(backend.peer).filter((line) => line.startsWith('health'))).toEqual([
    'health PENDING -> SERVING: health check: SERVING',
  ]);
  health.setStatus('echo', 'NOT_SERVING');
  await log.event(backend.peer, 'TRANSIENT_FAILURE');
  health.setStatus('echo', 'SERVING');
  await log.untilEntered([backend.peer], 'READY', 2);
  for (const answer of held.splice(0)) answer();
  await Promise.all(ended);
});

/** A server of one stream: its first RPC is held until the test lets it go, and all others fail. */
async function startOverloaded() {
  const held: (() => void)[] = [];
  const bad = await startBackend({
    serverOptions: { 'grpc.max_concurrent_streams': 1 },
    unary: (call, callback) => {
      if (held.length === 0) held.push(() => callback(null, call.request));
      else callback({ code: status.UNAVAILABLE, details: 'overloaded' });
    },
  });
  return { bad, held };
}

test('outlier_detection sees one endpoint: failures on its second connection take both out', async () => {
  const [good] = await startFleet(1);
  const { bad, held } = await startOverloaded();
  const log = EventLog.start();
  const detection = {
    interval: '0.3s',
    baseEjectionTime: '30s',
    maxEjectionPercent: 50,
    failurePercentageEjection: { threshold: 50, minimumHosts: 2, requestVolume: 3 },
    childPolicy: [customRoundRobin({ repeatCount: 1 })],
  };
  const config = JSON.parse(serviceConfig({ loadBalancingConfig: [{ outlier_detection: detection }] }));
  const channel = openChannel({
    target: `ipv4:${good?.peer},${bad.peer}`,
    endpoints: [],
    policy: config.loadBalancingConfig[0],
    serviceConfig: scaling(2),
  });
  const running: Promise<string>[] = [];
  while (held.length === 0) {
    running.push(channel.unary());
    await Promise.race([running.at(-1), expect.poll(() => held.length).toBe(1)]).catch(() => {});
  }
  while (log.count(bad.peer, 'TRANSIENT_FAILURE') === 0) await channel.unary().catch(() => {});
  expect(bad.connections).toBe(2);
  expect(await channel.peers(10)).toEqual(Array(10).fill(good?.peer));
  held[0]?.();
  expect(await Promise.all(running)).toContain(bad.peer);
});

test('retries see one endpoint: none goes over another connection to the server that has failed the RPC', async () => {
  const [good] = await startFleet(1);
  const { bad, held } = await startOverloaded();
  const retryPolicy = {
    maxAttempts: 2,
    initialBackoff: '0.001s',
    maxBackoff: '0.001s',
    backoffMultiplier: 1,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  const channel = openChannel({
    endpoints: [bad.endpoint(), good?.endpoint() ?? { addresses: [] }],
    policy: customRoundRobin({ repeatCount: 3 }),
    serviceConfig: { ...scaling(2), methodConfig: [{ name: [{}], retryPolicy }] },
    channelOptions: { 'grpc.enable_retries': 1 },
  });
  const first = channel.unary();
  await expect.poll(() => held.length).toBe(1);
  expect(await channel.peers(10)).toEqual(Array(10).fill(good?.peer));
  expect(bad.connections).toBe(2);
  expect(bad.calls).toBeGreaterThan(3);
  held[0]?.();
  expect(await first).toBe(bad.peer);
});

test('request_limit sees one endpoint: its limit is for all connections together', async () => {
  const { backend, held, reached } = await startHolding(1);
  const policy = requestLimit({ maxRequests: 2, drop: true, childPolicy: [leastRequest()] });
  const channel = open(backend, 5, { policy });
  const ended = [channel.unary(), channel.unary()];
  await reached(2);
  await expect(channel.unary()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  for (const answer of held) answer();
  await Promise.all(ended);
});
