/** What of grpc-js is hooked, in the newest and the oldest of the range: facts by their numbers in docs/grpc-js-facts.md. */
import { constants } from 'node:http2';
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { startHttp2 } from '@petiole/test-kit/http2-server';
import { startBackend, startFleet, startPeer } from '@petiole/test-kit/servers';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hookGrpcJs } from '../../src/grpc-js/hooks.js';
import { internalsOf } from '../../src/grpc-js/internals.js';
import { isRegistered } from '../../src/grpc-js/registered-methods.js';
import { eachWaiting, type WaitingFor } from '../../src/grpc-js/waiting.js';
import { type AttemptObserver, type CallObserver, watch } from '../../src/grpc-js/watchers.js';

const bytes = (value: Buffer): Buffer => value;

describe.each([
  ['the newest', newest],
  ['the oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (copy, grpc) => {
  beforeAll(() => hookGrpcJs(grpc));

  function open(target: string, options: newest.ClientOptions = {}): newest.Client {
    const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      ...options,
    });
    onTestFinished(() => client.close());
    return client;
  }

  function ask(client: newest.Client, options: newest.CallOptions = {}): Promise<newest.ServiceError | null> {
    const all = { deadline: Date.now() + 5000, ...options };
    return new Promise((resolve) =>
      client.makeUnaryRequest(UNARY, bytes, bytes, Buffer.from('hello'), all, resolve),
    );
  }

  /** What is told of RPCs until the test ends, in order. */
  function told(): string[] {
    const told: string[] = [];
    const observer: CallObserver = {
      attemptStarted: (kind): AttemptObserver => {
        told.push(`${kind} starts`);
        return {
          ended: (code, _backend, sentBytes, receivedBytes) =>
            void told.push(
              `${kind} ends: ${grpc.status[code]}, ${sentBytes} sent, ${receivedBytes} received`,
            ),
        };
      },
      ended: (code) => void told.push(`RPC ends: ${grpc.status[code]}`),
    };
    onTestFinished(
      watch({
        callStarted: () => {
          told.push('RPC starts');
          return observer;
        },
      }),
    );
    return told;
  }

  const withPolicy = (policy: object): newest.ClientOptions => ({
    'grpc.service_config': JSON.stringify({ methodConfig: [{ name: [{}], ...policy }] }),
  });

  test('O1: shows an RPC and its one attempt to everybody who watches', async () => {
    const server = await startBackend();
    const [events, ofAnother, ofThird] = [told(), told(), told()];
    await ask(open(server.address));
    expect([ofAnother, ofThird]).toEqual([events, events]);
    expect(events).toEqual([
      'RPC starts',
      'original starts',
      'original ends: OK, 5 sent, 5 received',
      'RPC ends: OK',
    ]);
  });

  test('O1: an RPC keeps its attempt when a policy that it wakes starts an RPC of its own', async () => {
    const { ChildLoadBalancerHandler, parseLoadBalancingConfig, registerLoadBalancerType } =
      grpc.experimental;
    const server = await startBackend();
    const control = open(server.address);
    await ask(control);
    let inner: Promise<unknown> | undefined;
    class Waking extends ChildLoadBalancerHandler {
      override updateAddressList(
        ...[endpoints, , ...rest]: Parameters<newest.experimental.LoadBalancer['updateAddressList']>
      ): boolean {
        return super.updateAddressList(endpoints, parseLoadBalancingConfig({ pick_first: {} }), ...rest);
      }
      override exitIdle(): void {
        inner = ask(control);
        super.exitIdle();
      }
    }
    class Config {
      getLoadBalancerName = (): string => 'waking';
      toJsonObject = (): object => ({ waking: {} });
      static createFromJson = (): Config => new Config();
    }
    registerLoadBalancerType('waking', Waking, Config);
    const options = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ waking: {} }] }) };
    const client = open(`ipv4:${server.address}`, options);
    await ask(client);
    await inner;
    const attempts = { inner: 0, outer: 0 };
    onTestFinished(
      watch({
        callStarted: (channel) => ({
          attemptStarted: () => {
            attempts[channel === client.getChannel() ? 'outer' : 'inner'] += 1;
            return { ended: () => {} };
          },
          ended: () => {},
        }),
      }),
    );
    await ask(client);
    await inner;
    expect(attempts).toEqual({ inner: 1, outer: 1 });
  });

  test('O2: what ends before it has a connection was sent nowhere', async () => {
    const events = told();
    await ask(open('ipv4:127.0.0.1:1'));
    expect(events).toEqual([
      'RPC starts',
      'original starts',
      'original ends: UNAVAILABLE, 0 sent, 0 received',
      'RPC ends: UNAVAILABLE',
    ]);
  });

  test('O3: a stream that is refused is tried once more, transparently', async () => {
    let streams = 0;
    const { peer } = await startHttp2((stream) => {
      streams += 1;
      if (streams === 1) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' },
        { endStream: true },
      );
    });
    const events = told();
    await ask(open(peer));
    expect(events.filter((event) => event.includes('starts'))).toEqual([
      'RPC starts',
      'original starts',
      'transparent retry starts',
    ]);
  });

  test('O3: a refused stream between two retries is no retry', async () => {
    let streams = 0;
    const { peer } = await startHttp2((stream) => {
      streams += 1;
      if (streams === 2) return stream.close(constants.NGHTTP2_REFUSED_STREAM);
      const code = streams < 4 ? '14' : '0';
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code },
        { endStream: true },
      );
    });
    const events = told();
    await ask(
      open(
        peer,
        withPolicy({
          retryPolicy: {
            maxAttempts: 5,
            initialBackoff: '0.01s',
            maxBackoff: '0.01s',
            backoffMultiplier: 1,
            retryableStatusCodes: ['UNAVAILABLE'],
          },
        }),
      ),
    );
    expect(events.filter((event) => event.includes('starts')).slice(1)).toEqual([
      'original starts',
      'retry starts',
      'transparent retry starts',
      'retry starts',
    ]);
  });

  test('O3: hedges are told from retries, and those that lose end as CANCELLED', async () => {
    let calls = 0;
    const server = await startBackend({
      unary: (call, callback) => {
        calls += 1;
        if (calls === 2) callback(null, call.request);
      },
    });
    const events = told();
    await ask(open(server.address, withPolicy({ hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.01s' } })));
    expect(events).toEqual([
      'RPC starts',
      'original starts',
      'hedge starts',
      'original ends: CANCELLED, 5 sent, 0 received',
      'hedge ends: OK, 5 sent, 5 received',
      'RPC ends: OK',
    ]);
  });

  test('O4: sizes are those of compressed messages', async () => {
    const server = await startBackend();
    const events = told();
    const client = open(server.address, { 'grpc.default_compression_algorithm': 2 });
    await new Promise((resolve) =>
      client.makeUnaryRequest(
        UNARY,
        bytes,
        bytes,
        Buffer.alloc(100_000),
        { deadline: Date.now() + 5000 },
        resolve,
      ),
    );
    const [, sent] = /OK, (\d+) sent/.exec(events[2] ?? '') ?? [];
    expect(Number(sent)).toBeGreaterThan(0);
    expect(Number(sent)).toBeLessThan(1000);
  });

  test('O5: a method of a generated client is registered from its first request on', async () => {
    const path = `/petiole.test.Echo/${copy.replace(' ', '-')}`;
    const codec = {
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    const Generated = grpc.makeClientConstructor(
      {
        unary: { path, requestStream: false, responseStream: false, ...codec },
        bidi: { path: `${path}-bidi`, requestStream: true, responseStream: true, ...codec },
      },
      'Echo',
    );
    const client = new Generated('ipv4:127.0.0.1:1', grpc.credentials.createInsecure());
    onTestFinished(() => client.close());
    expect(isRegistered(path)).toBe(false);
    await new Promise((resolve) => client.unary?.(Buffer.from('hello'), resolve));
    expect(isRegistered(path)).toBe(true);
    expect(isRegistered(`${path}-bidi`)).toBe(true);
  });

  test('O6: a connection that two channels share is told once', async () => {
    const server = await startBackend();
    const events: string[] = [];
    const ofServer = (target: string, change: string): unknown =>
      target.endsWith(server.address) && events.push(change);
    onTestFinished(watch({ connectionChanged: (target, { kind }) => void ofServer(target, kind) }));
    const clients = [open(server.address), open(server.address)];
    for (const client of clients) await ask(client);
    expect(server.connections).toBe(1);
    expect(events).toEqual(['opened']);
    await server.drain();
    await expect.poll(() => events).toEqual(['opened', 'closed']);
  });

  test('O6: a refused connection attempt is told, whichever policy asked for it', async () => {
    const events: string[] = [];
    // Channels of other tests may still be ending.
    const ofPort2 = (target: string, change: string): unknown =>
      target.endsWith(':2') && events.push(`${target} ${change}`);
    onTestFinished(watch({ connectionChanged: (target, { kind }) => void ofPort2(target, kind) }));
    const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
    await ask(open('ipv4:127.0.0.1:2', { 'grpc.service_config': config }));
    expect(events).toEqual(['ipv4:127.0.0.1:2 failed']);
  });

  test('O7: RPCs that wait for a pick, and streams beyond what the server allows, are seen', async () => {
    onTestFinished(watch({}));
    const count = (server: { address: string }, wanted: WaitingFor): number => {
      let sum = 0;
      eachWaiting((target, what, waiting) => {
        if (target.endsWith(server.address) && what === wanted) sum += waiting;
      });
      return sum;
    };
    const server = await startBackend({
      serverOptions: { 'grpc.max_concurrent_streams': 2 },
      unary: () => {},
    });
    const client = open(server.address);
    const ended = [1, 2, 3, 4, 5].map(() => ask(client));
    await expect.poll(() => count(server, 'stream')).toBe(3);
    const peer = await startPeer('silent');
    const address = `${peer.address.host}:${peer.address.port}`;
    const silent = open(address);
    ended.push(ask(silent));
    await expect.poll(() => count({ address }, 'pick')).toBe(1);
    client.close();
    server.kill();
    silent.close();
    await Promise.all(ended);
    expect(count(server, 'stream')).toBe(0);
    expect(count({ address }, 'pick')).toBe(0);
  });

  test('O8: every pick is told with the address', async () => {
    const server = await startBackend();
    const picks: string[] = [];
    onTestFinished(watch({ picked: (target, address) => void picks.push(`${target} ${address}`) }));
    const client = open(`ipv4:${server.address}`);
    await ask(client);
    await ask(client);
    expect(picks.slice(-2)).toEqual(Array(2).fill(`ipv4:${server.address} ${server.address}`));
  });

  test('O9: an ejection is told with its method and target', async () => {
    const fleet = await startFleet(2);
    const bad = await startBackend({
      unary: (_call, callback) => callback({ code: grpc.status.UNAVAILABLE }),
    });
    const target = `ipv4:${[...fleet, bad].map(({ address }) => address).join(',')}`;
    const ejections: unknown[] = [];
    onTestFinished(watch({ ejected: (...ejection) => void ejections.push(ejection) }));
    const client = open(target, {
      'grpc.service_config': JSON.stringify({
        loadBalancingConfig: [
          {
            outlier_detection: {
              interval: { seconds: 0, nanos: 100_000_000 },
              success_rate_ejection: { stdev_factor: 500, minimum_hosts: 2, request_volume: 2 },
              child_policy: [{ round_robin: {} }],
            },
          },
        ],
      }),
    });
    await expect
      .poll(
        async () => {
          await Promise.all(Array.from({ length: 9 }, () => ask(client)));
          return ejections[0];
        },
        { timeout: 10_000 },
      )
      .toEqual([target, 'success_rate']);
  });

  test('a channel without what is needed is refused with the name of what it lacks', () => {
    const channel = { internalChannel: { subchannelPool: {} } } as unknown as newest.ChannelInterface;
    expect(() => internalsOf(channel)).toThrow('this grpc-js has no channel.internalChannel.getTarget()');
  });
});
