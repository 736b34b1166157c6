/** What is called the target of a channel, with the newest and the oldest grpc-js of the range. */
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { backendOf } from '../../src/grpc-js/backends.js';
import { hookGrpcJs } from '../../src/grpc-js/hooks.js';
import type { ResolvingLoadBalancer } from '../../src/grpc-js/internals.js';
import { targetOf } from '../../src/grpc-js/targets.js';
import { eachWaiting, openTargets } from '../../src/grpc-js/waiting.js';
import { watch } from '../../src/grpc-js/watchers.js';
import { startHttpProxy } from '../support/http-proxy.js';

const bytes = (value: Buffer): Buffer => value;

describe.each([
  ['newest', newest],
  ['oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (_copy, grpc) => {
  beforeAll(() => hookGrpcJs(grpc));

  function open(target: string, options: newest.ClientOptions = {}): newest.Client {
    const client = new grpc.Client(target, grpc.credentials.createInsecure(), options);
    onTestFinished(() => client.close());
    return client;
  }

  function ask(client: newest.Client): Promise<unknown> {
    return new Promise((resolve) =>
      client.makeUnaryRequest(UNARY, bytes, bytes, Buffer.from('hello'), (error) => resolve(error?.code)),
    );
  }

  test('O14: channels behind one http_proxy have their own targets, in the form that they have without it', async () => {
    await startHttpProxy();
    const given = ['echo.example:1', 'dns:///echo.example:1', 'dns:echo.example:1', 'ipv4:127.0.0.1:1'];
    const targetsWith = (proxy: number): string[] =>
      given.map((target) => targetOf(open(target, { 'grpc.enable_http_proxy': proxy }).getChannel()));
    expect(targetsWith(1)).toEqual([
      'dns:echo.example:1',
      'dns:///echo.example:1',
      'dns:echo.example:1',
      'ipv4:127.0.0.1:1',
    ]);
    expect(targetsWith(0)).toEqual(targetsWith(1));
  });

  test('O14: connections, picks, waiting RPCs and what resolvers say have the target of their channel behind a proxy', async () => {
    await startHttpProxy();
    const targets = (await startFleet(2)).map(({ address }) => `ipv4:${address}`);
    const connections: unknown[] = [];
    const picks: string[] = [];
    onTestFinished(
      watch({
        connectionChanged: (target, { kind }) => void connections.push([target, kind]),
        picked: (target) => void picks.push(target),
      }),
    );
    const clients = targets.map((target) => open(target));
    for (const client of clients) expect(await ask(client)).toBeUndefined();
    expect(connections).toEqual(targets.map((target) => [target, 'opened']));
    expect(picks).toEqual(targets);
    expect(openTargets()).toEqual(new Set(targets));
    const waiting: string[] = [];
    eachWaiting((target, what) => waiting.push(`${what} ${target}`));
    expect(waiting.sort()).toEqual(
      ['name resolution', 'pick', 'stream']
        .flatMap((what) => targets.map((target) => `${what} ${target}`))
        .sort(),
    );

    const [channel] = clients.map((client) => client.getChannel());
    const { resolvingLoadBalancer } = (channel as unknown as { internalChannel: Inner }).internalChannel;
    const endpoint = {
      addresses: [{ host: '127.0.0.1', port: 1 }],
      [Symbol.for('petiole.endpoint.attributes')]: { zone: 'a' },
    };
    resolvingLoadBalancer.handleResolverResult(grpc.experimental.statusOrFromValue([endpoint]), {}, null, '');
    expect(targets.map((target) => backendOf(target, '127.0.0.1:1')['grpc.lb.locality'])).toEqual(['a', '']);
  });

  test('O14: what a proxy does not let through was sent nowhere', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    await startHttpProxy();
    const told: unknown[] = [];
    onTestFinished(
      watch({
        callStarted: () => ({
          attemptStarted: () => ({ ended: (code, _backend, sent) => void told.push([code, sent]) }),
          ended: () => {},
        }),
        connectionChanged: (target, { kind }) => void told.push([target, kind]),
      }),
    );
    expect(await ask(open('ipv4:127.0.0.1:1'))).toBe(grpc.status.UNAVAILABLE);
    expect(told).toEqual([
      ['ipv4:127.0.0.1:1', 'failed'],
      [grpc.status.UNAVAILABLE, 0],
    ]);
  });
});

interface Inner {
  readonly resolvingLoadBalancer: ResolvingLoadBalancer;
}
