/** Each tracer's lines, decision by decision. The tracers are switched on before grpc-js and this package are loaded. */
import { logVerbosity, setLogger, setLogVerbosity } from '@grpc/grpc-js';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createManualResolver, type Resolution } from '../../src/index.js';
import { openDnsSession } from '../../src/lookup/dns-session.js';
import { getaddrinfo } from '../../src/lookup/system.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { createDnsRefreshResolverClass } from '../../src/schemes/dns-refresh.js';
import { manualResolverClass } from '../../src/schemes/manual.js';
import { createSrvResolverClass } from '../../src/schemes/srv.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { DnsServer } from '../support/dns-server.js';
import { Probe } from '../support/probe.js';

vi.hoisted(() => {
  process.env.GRPC_TRACE =
    'static_resolver,manual_resolver,srv_resolver,dns_refresh_resolver,polling_resolver';
});

/** `tracer | text`, without the time and the versions before. */
const lines: string[] = [];

beforeAll(() => {
  const record = (line: string): void => {
    lines.push(line.split(' | ').slice(2).join(' | '));
  };
  setLogger({ debug: record, info: record, error: record });
  setLogVerbosity(logVerbosity.DEBUG);
});
beforeEach(() => {
  lines.length = 0;
});

const CHANNEL = { 'grpc.dns_min_time_between_resolutions_ms': 100 };
const LOOKUPS = { open: openDnsSession, ask: getaddrinfo };
const ONCE = { refreshInterval: Number.POSITIVE_INFINITY };

it('static_resolver traces the answer, the requests that it ignores, and the end', async () => {
  const target = 'static:10.0.0.1:1';
  const channel = new Probe(createStaticResolverClass(), target);
  await channel.ask();
  channel.resolver.updateResolution();
  channel.resolver.destroy();
  channel.resolver.destroy();
  expect(lines).toEqual([
    `static_resolver | ${target} first resolution: 1 endpoints`,
    `static_resolver | ${target} request ignored: the answer never changes`,
    `static_resolver | ${target} stops: the channel is idle or closed`,
  ]);
});

it('static_resolver traces the look-ups of host names', async () => {
  const ask = (host: string): Promise<readonly string[]> =>
    host === 'a'
      ? Promise.resolve(['10.0.0.1'])
      : Promise.reject(Object.assign(new Error(), { code: 'EAI_AGAIN' }));
  const channel = new Probe(createStaticResolverClass({}, ask), 'static:a:1,b:1', {
    ...CHANNEL,
    'grpc.initial_reconnect_backoff_ms': 50,
  });
  await channel.ask();
  expect(lines).toEqual([
    'static_resolver | static:a:1,b:1 first resolution: resolution starts',
    expect.stringMatching(
      /^static_resolver \| static:a:1,b:1 first resolution: 1 endpoints, note: .*"b".*EAI_AGAIN/,
    ),
  ]);
  const again = / retry: nothing new; system look-up of "b" failed: EAI_AGAIN/;
  await vi.waitFor(() => expect(lines).toContainEqual(expect.stringMatching(again)), { timeout: 10_000 });
});

it('manual_resolver traces what the program says, what channels are told, and the requests that it ignores', async () => {
  const manual = createManualResolver();
  const line = (text: string): string => `manual_resolver | ${manual.target} ${text}`;
  const channel = new Probe(manualResolverClass, manual.target);
  channel.resolver.updateResolution();
  await new Promise((resolve) => setImmediate(resolve));
  expect(lines).toEqual([line('replay: waits for the first update')]);
  lines.length = 0;

  manual.update({ endpoints: ['10.0.0.1:1', '10.0.0.2:1'] });
  await channel.next();
  channel.resolver.updateResolution();
  manual.fail({ details: 'the catalogue is down' });
  await channel.next();
  manual.close();
  manual.close();
  channel.resolver.destroy();
  channel.resolver.destroy();
  expect(lines).toEqual([
    line('2 endpoints stored, for 1 channel'),
    line('update: 2 endpoints'),
    line('request ignored: the program speaks when it has something to say'),
    line('failure stored, for 1 channel: the catalogue is down'),
    line('update: error the catalogue is down'),
    line('closed, with 1 channel'),
    line('stops: the channel is idle or closed'),
  ]);
  lines.length = 0;

  await channel.ask();
  expect(lines).toEqual([expect.stringMatching(/ replay: error .* was closed/)]);
});

it('polling_resolver traces a request that joins a resolution under way, and a result that is dropped', async () => {
  const looks: Array<{ resolve(resolution: Resolution): void; reject(error: Error): void }> = [];
  let seen = (): void => {};
  const slow = createResolverClass({
    scheme: 'slow',
    authority: () => 'slow',
    resolve: () =>
      new Promise((resolve, reject) => {
        looks.push({ resolve, reject });
        seen();
      }),
  });
  const channel = new Probe(slow, 'slow:x', { 'grpc.initial_reconnect_backoff_ms': 50 });
  await channel.request();
  channel.resolver.destroy();
  await channel.request();
  looks[0]?.resolve({ endpoints: [] });
  await new Promise((resolve) => setImmediate(resolve));
  looks[1]?.reject(new Error('no catalogue'));
  await new Promise<void>((resolve) => {
    seen = resolve;
  });
  channel.resolver.updateResolution();
  expect(lines).toEqual(
    [
      'first resolution: resolution starts',
      'stops: the channel is idle or closed',
      'first resolution: resolution starts',
      'first resolution: dropped, it came too late',
      'first resolution failed: no catalogue',
      'first resolution: error Name resolution failed for target slow:x: no catalogue',
      'retry: resolution starts',
      'request joins the resolution under way',
    ].map((text) => `polling_resolver | slow:x ${text}`),
  );
});

describe.each([
  [
    'srv_resolver',
    (dns: DnsServer, grace?: number) =>
      new Probe(
        createSrvResolverClass(ONCE, { ...LOOKUPS, ...(grace && { grace }) }),
        `srv://${dns.address}/_grpc._tcp.echo.test`,
        CHANNEL,
      ),
  ],
  [
    'dns_refresh_resolver',
    (dns: DnsServer, grace?: number) =>
      new Probe(
        createDnsRefreshResolverClass(ONCE, { ...LOOKUPS, ...(grace && { grace }) }),
        `dns+refresh://${dns.address}/echo.test:1`,
        CHANNEL,
      ),
  ],
] as const)('%s', (tracer, probe) => {
  const zone = async (): Promise<DnsServer> => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.1']);
    dns.setSrv('_grpc._tcp.echo.test', [{ target: 'echo.test', port: 1 }]);
    return dns;
  };
  const choices = (...list: readonly object[]): string => `grpc_config=${JSON.stringify(list)}`;
  /** The lines of one resolution from its start to its end. */
  const trace = async (prepare: (dns: DnsServer) => void, grace?: number): Promise<string[]> => {
    const dns = await zone();
    prepare(dns);
    await probe(dns, grace).ask();
    for (const line of lines)
      expect(line).toMatch(new RegExp(`^${tracer} \\| (srv|dns\\+refresh)://${dns.address}/`));
    return lines.map((line) => line.split(' ').slice(3).join(' '));
  };

  it('traces the start, the end and which service config it took', async () => {
    const config = choices({ clientLanguage: ['go'], serviceConfig: {} }, { serviceConfig: {} });
    const traced = await trace((dns) => dns.setTxt('_grpc_config.echo.test', config));
    expect(traced[0]).toBe('first resolution: resolution starts');
    expect(traced).toContainEqual(
      expect.stringMatching(/^service config: choice 2 of 2 \(node, [\d.]+ %, .+\)$/),
    );
    expect(traced.at(-1)).toBe('first resolution: 1 endpoints');
  });

  it.each([
    [
      'that no choice matches',
      choices({ percentage: 0, serviceConfig: {} }),
      'service config: none of 1 choices matches',
    ],
    ['that no record is one', 'v=spf1', 'service config: none of 1 TXT records begins with grpc_config='],
  ])('traces %s', async (_what, text, expected) => {
    const traced = await trace((dns) => dns.setTxt('_grpc_config.echo.test', text));
    expect(traced).toContainEqual(expect.stringContaining(expected));
  });

  it.each([
    ['NXDOMAIN', 'ENOTFOUND (no such name): no service config'],
    ['SERVFAIL', 'ESERVFAIL (the DNS server failed): the last service config stays'],
  ] as const)('traces that TXT had %s, and what comes of it', async (entry, expected) => {
    const traced = await trace((dns) => dns.set('TXT', '_grpc_config.echo.test', entry));
    expect(traced).toContain(`TXT look-up of "_grpc_config.echo.test" failed: ${expected}`);
  });

  it('traces that the addresses go ahead of a slow TXT record', async () => {
    const traced = await trace((dns) => dns.set('TXT', '_grpc_config.echo.test', 'silence'), 20);
    expect(traced).toContain('TXT _grpc_config.echo.test is slow: a later look will use its answer');
  });

  it('traces that TXT is not asked', async () => {
    const dns = await zone();
    const channel = { 'grpc.service_config_disable_resolution': 1 };
    const target =
      tracer === 'srv_resolver'
        ? `srv://${dns.address}/_grpc._tcp.echo.test`
        : `dns+refresh://${dns.address}/echo.test`;
    const make = tracer === 'srv_resolver' ? createSrvResolverClass : createDnsRefreshResolverClass;
    new Probe(make(ONCE), target, channel);
    expect(lines).toEqual([
      `${tracer} | ${target} no service config is asked for: TXT _grpc_config.echo.test`,
    ]);
  });

  it('traces a bad target', async () => {
    const make = tracer === 'srv_resolver' ? createSrvResolverClass : createDnsRefreshResolverClass;
    const scheme = tracer === 'srv_resolver' ? 'srv' : 'dns+refresh';
    await new Probe(make(ONCE), `${scheme}:a b`).ask();
    expect(lines).toEqual([
      expect.stringContaining(`${tracer} | ${scheme}:a b first resolution: error bad ${scheme}: target: `),
    ]);
  });
});
