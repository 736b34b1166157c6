/**
 * grpc-js's round_robin rebuilds all its children on every result, and a child whose server is down asks for
 * re-resolution from within that: a resolver that answers each request at once keeps the event loop busy for ever.
 */
import { connectivityState, experimental } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { openClient, ROUND_ROBIN } from '@petiole/test-kit/clients';
import { ask, askUntilAll } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { describe, expect, it } from 'vitest';
import { createManualResolver } from '../src/index.js';
import { createResolverClass } from '../src/schemes/define-resolver.js';
import { createDnsRefreshResolverClass } from '../src/schemes/dns-refresh.js';
import { manualResolverClass } from '../src/schemes/manual.js';
import { createSrvResolverClass } from '../src/schemes/srv.js';
import { createStaticResolverClass } from '../src/schemes/static.js';
import { DnsServer } from './support/dns-server.js';
import { type Counted, registerCounted } from './support/live.js';

/** As short as our resolvers allow, so that there is something to see. */
const OPTIONS = {
  ...ROUND_ROBIN,
  'grpc.dns_min_time_between_resolutions_ms': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.service_config_disable_resolution': 1,
};

/** Kills `b` under load, and counts what the resolver tells the channel: in half a second, of longer on a busy machine. */
async function storm(target: string, counted: Counted, a: Backend, b: Backend): Promise<Counted> {
  const client = openClient(target, OPTIONS);
  await askUntilAll(client, [a.name, b.name]);
  b.kill();
  const before = { ...counted };
  const start = performance.now();
  const halfSeconds = () => (performance.now() - start) / 500;
  let answered = 0;
  while (halfSeconds() < 1 || (answered <= 10 && halfSeconds() < 20)) {
    const answer = await ask(client).catch(() => undefined);
    if (answer === a.name) answered += 1;
  }
  expect(answered).toBeGreaterThan(10);
  expect(client.getChannel().getConnectivityState(false)).toBe(connectivityState.READY);
  const each = (count: number): number => count / halfSeconds();
  return { calls: each(counted.calls - before.calls), requests: each(counted.requests - before.requests) };
}

async function twoServers(): Promise<[Backend, Backend]> {
  const a = await startBackend({ name: 'a' });
  // dns+refresh: has one port for all addresses.
  return [a, await startBackend({ name: 'b', host: '127.0.0.2', port: a.port })];
}

describe('round_robin with one killed server', () => {
  it('spins with an eager resolver, which is what the others must not be', async () => {
    const [a, b] = await twoServers();
    let answers = 0;
    class Eager implements experimental.Resolver {
      readonly #listener: experimental.ResolverListener;
      constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener) {
        this.#listener = listener;
      }
      updateResolution(): void {
        if (answers > 2000) return; // the test must end
        answers += 1;
        const endpoints = [a, b].map(({ port }, index) => ({
          addresses: [{ host: `127.0.0.${index + 1}`, port }],
        }));
        setImmediate(() => this.#listener(experimental.statusOrFromValue(endpoints), {}, null, ''));
      }
      destroy(): void {}
      static getDefaultAuthority(): string {
        return 'eager';
      }
    }
    const counted = registerCounted('eager', Eager);
    // Those below make 7 calls at most in the same time; a busy machine makes fewer than the thousands of a free one.
    expect((await storm('eager:x', counted, a, b)).calls).toBeGreaterThan(20);
  });

  it('stays calm on static: with addresses', async () => {
    const [a, b] = await twoServers();
    const counted = registerCounted('static', createStaticResolverClass());
    const target = `static:127.0.0.1:${a.port},127.0.0.2:${b.port}`;
    expect((await storm(target, counted, a, b)).calls).toBe(0);
  });

  it('stays calm on static: with host names', async () => {
    const [a, b] = await twoServers();
    const ask = (host: string): Promise<string[]> =>
      Promise.resolve([host === 'a' ? '127.0.0.1' : '127.0.0.2']);
    const counted = registerCounted('static', createStaticResolverClass({}, ask));
    const { calls, requests } = await storm(`static:a:${a.port},b:${b.port}`, counted, a, b);
    expect(requests).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(7);
  });

  it('stays calm on manual:', async () => {
    const [a, b] = await twoServers();
    const manual = createManualResolver({ endpoints: [`127.0.0.1:${a.port}`, `127.0.0.2:${b.port}`] });
    const counted = registerCounted('manual', manualResolverClass);
    expect((await storm(manual.target, counted, a, b)).calls).toBe(0);
  });

  it('stays calm on a watch', async () => {
    const [a, b] = await twoServers();
    const watched = createResolverClass({
      scheme: 'calm-watch',
      authority: () => 'watched',
      watch: ({ update }) => {
        update({ endpoints: [`127.0.0.1:${a.port}`, `127.0.0.2:${b.port}`] });
        return new Promise(() => {});
      },
    });
    const counted = registerCounted('calm-watch', watched);
    const { calls, requests } = await storm('calm-watch:x', counted, a, b);
    expect(requests).toBeGreaterThan(0);
    expect(calls).toBe(0);
  });

  it('stays calm on srv:', async () => {
    const [a, b] = await twoServers();
    const dns = await DnsServer.start();
    dns.setHost('a.test', ['127.0.0.1']);
    dns.setHost('b.test', ['127.0.0.2']);
    dns.setSrv('_grpc._tcp.echo.test', [
      { target: 'a.test', port: a.port },
      { target: 'b.test', port: b.port },
    ]);
    const counted = registerCounted('srv', createSrvResolverClass());
    const { calls, requests } = await storm(`srv://${dns.address}/_grpc._tcp.echo.test`, counted, a, b);
    expect(requests).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(7);
  });

  it('stays calm on dns+refresh:', async () => {
    const [a, b] = await twoServers();
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['127.0.0.1', '127.0.0.2']);
    const counted = registerCounted('dns+refresh', createDnsRefreshResolverClass());
    const { calls, requests } = await storm(
      `dns+refresh://${dns.address}/echo.test:${a.port}`,
      counted,
      a,
      b,
    );
    expect(requests).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(7);
  });

  it('stays calm on a resolver of a user whose look-up takes no time', async () => {
    const [a, b] = await twoServers();
    const catalogue = createResolverClass({
      scheme: 'catalogue',
      authority: () => 'catalogue',
      resolve: () => ({ endpoints: [a, b].map(({ port }, index) => `127.0.0.${index + 1}:${port}`) }),
    });
    const counted = registerCounted('catalogue', catalogue);
    const { calls, requests } = await storm('catalogue:x', counted, a, b);
    expect(requests).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(7);
  });
});
