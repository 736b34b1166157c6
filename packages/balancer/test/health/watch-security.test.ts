/** The Watch over TLS and with call credentials: also with slow, failing and lost ones. */

import { type CallCredentials, credentials, Metadata, status as Status } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { issue, type KeyPair, serving, trusting } from '@petiole/test-kit/certificates';
import { untilState } from '@petiole/test-kit/clients';
import { HealthServer } from '@petiole/test-kit/health-server';
import { startBackend } from '@petiole/test-kit/servers';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();

const PATIENCE = { timeout: 10_000, interval: 5 };
/** Fills the metadata of one call, or fails. */
type Generator = (answer: (error: Error | null, token?: string) => void, serviceUrl: string) => void;

let certificate: KeyPair;
let rejections: unknown[];
const onRejection = (reason: unknown) => rejections.push(reason);

beforeAll(async () => {
  certificate = await issue(['localhost']);
});

beforeEach(() => {
  rejections = [];
  process.on('unhandledRejection', onRejection);
});

afterEach(() => {
  process.off('unhandledRejection', onRejection);
});

async function startTls(): Promise<{ backend: Backend; health: HealthServer }> {
  const health = new HealthServer();
  health.onWatch = (stream) => stream.answer('SERVING');
  const backend = await startBackend({
    services: health.addTo,
    credentials: serving(certificate),
  });
  return { backend, health };
}

function secureChannel(backend: Backend, generator?: Generator): TestChannel {
  const tls = trusting(certificate);
  const callCredentials = (generate: Generator): CallCredentials =>
    credentials.createFromMetadataGenerator(({ service_url }, callback) => {
      generate((error, token = '') => {
        // grpc-js takes the metadata, not the error, when it is given both.
        if (error !== null) return callback(error);
        const metadata = new Metadata();
        metadata.set('authorization', token);
        callback(null, metadata);
      }, service_url);
    });
  return openChannel({
    endpoints: [backend.endpoint()],
    policy: customRoundRobin({ repeatCount: 1 }),
    serviceConfig: { healthCheckConfig: { serviceName: 'echo' } },
    credentials: generator ? credentials.combineChannelCredentials(tls, callCredentials(generator)) : tls,
  });
}

/** All callbacks and microtasks that are due have run. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('TLS', () => {
  test('the Watch runs on the verified connection and decides', async () => {
    const { backend, health } = await startTls();
    const channel = secureChannel(backend);
    expect(await channel.unary()).toBe(backend.peer);
    const [stream] = health.streams;
    expect(stream?.service).toBe('echo');
    expect(stream?.authority).toBe('localhost');
    stream?.answer('NOT_SERVING');
    await untilState(channel, 'TRANSIENT_FAILURE');
    stream?.answer('SERVING');
    await untilState(channel, 'READY');
    expect(await channel.unary()).toBe(backend.peer);
  });
});

describe('call credentials', () => {
  test('the Watch carries the credentials of the channel, made for the health service', async () => {
    const { backend, health } = await startTls();
    const urls: string[] = [];
    const channel = secureChannel(backend, (answer, url) => {
      urls.push(url);
      answer(null, 'Bearer token');
    });
    await channel.unary();
    expect(health.streams[0]?.metadata.get('authorization')).toEqual(['Bearer token']);
    expect(urls[0]).toBe('https://localhost/grpc.health.v1.Health');
  });

  test('RPCs wait for slow credentials', async () => {
    const { backend, health } = await startTls();
    const waiting: (() => void)[] = [];
    const channel = secureChannel(backend, (answer) => {
      if (waiting.length === 0) waiting.push(() => answer(null, 'late'));
      else answer(null, 'prompt');
    });
    const rpc = channel.unary();
    await vi.waitUntil(() => waiting.length > 0, PATIENCE);
    await quiet();
    expect([health.streams.length, backend.calls]).toEqual([0, 0]);
    waiting[0]?.();
    expect(await rpc).toBe(backend.peer);
    expect(health.streams[0]?.metadata.get('authorization')).toEqual(['late']);
  });

  test('failing credentials take the endpoint out, with their message, until an attempt succeeds', async () => {
    const { backend, health } = await startTls();
    let failures = 0;
    const channel = secureChannel(backend, (answer) => {
      if (failures++ === 0)
        answer(Object.assign(new Error('no token today'), { code: Status.UNAUTHENTICATED }));
      else answer(null, 'token');
    });
    await expect(channel.unary()).rejects.toThrow(
      'health check failed: 16 UNAUTHENTICATED: Getting metadata from plugin failed with error: no token today',
    );
    await untilState(channel, 'READY');
    expect(health.streams).toHaveLength(1);
    expect(await channel.unary()).toBe(backend.peer);
    expect(rejections).toEqual([]);
  });

  test.each([
    ['succeed', null],
    ['fail', new Error('too late')],
  ])(
    'a connection lost while credentials are pending rejects nothing unhandled when they %s',
    async (_, error) => {
      const { backend, health } = await startTls();
      const log = EventLog.start();
      const waiting: ((error: Error | null, token?: string) => void)[] = [];
      let patient = true;
      const channel = secureChannel(backend, (answer) => {
        if (patient) waiting.push(answer);
        else answer(null, 'token');
      });
      const rpc = channel.unary().catch((failure: Error) => failure.message);
      await vi.waitUntil(() => waiting.length === 1, PATIENCE);
      backend.kill();
      await log.event(backend.peer, 'TRANSIENT_FAILURE');
      patient = false;
      for (const answer of waiting) answer(error, 'late');
      await quiet();
      expect(rejections).toEqual([]);
      expect(await rpc).toContain('connect ECONNREFUSED');
      await backend.restart();
      await untilState(channel, 'READY');
      expect(health.streams).toHaveLength(1);
      expect(await channel.unary()).toBe(backend.peer);
    },
  );

  test('a channel closed while credentials are pending opens no stream when they come', async () => {
    const { backend, health } = await startTls();
    const waiting: (() => void)[] = [];
    const channel = secureChannel(backend, (answer) => waiting.push(() => answer(null, 'late')));
    const rpc = channel.unary().catch((failure: Error) => failure.message);
    await vi.waitUntil(() => waiting.length === 1, PATIENCE);
    channel.close();
    waiting[0]?.();
    expect(await rpc).toContain('closed');
    // A stray stream would arrive before these round trips end.
    const other = openChannel({
      endpoints: [backend.endpoint()],
      policy: customRoundRobin(),
      credentials: trusting(certificate),
    });
    await other.peers(2);
    expect(health.open).toHaveLength(0);
    expect(rejections).toEqual([]);
  });
});
