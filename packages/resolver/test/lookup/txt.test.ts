/** When the service config from TXT comes, and when it does not. */
import { describe, expect, it } from 'vitest';
import { type OpenDnsSession, openDnsSession } from '../../src/lookup/dns-session.js';
import { txtLookup } from '../../src/lookup/txt.js';
import { createDnsRefreshResolverClass } from '../../src/schemes/dns-refresh.js';
import { createSrvResolverClass } from '../../src/schemes/srv.js';
import { DnsServer } from '../support/dns-server.js';
import { Probe } from '../support/probe.js';

const never = new Promise<never>(() => {});
const TXT = 'TXT _grpc_config.echo.test';
const CHANNEL = { 'grpc.dns_min_time_between_resolutions_ms': 100 };
const CONFIG = `grpc_config=${JSON.stringify([{ serviceConfig: { loadBalancingConfig: [{ round_robin: {} }] } }])}`;

async function zone(): Promise<DnsServer> {
  const dns = await DnsServer.start();
  dns.setHost('echo.test', ['127.0.0.1']);
  dns.setSrv('_grpc._tcp.echo.test', [{ target: 'echo.test', port: 50051 }]);
  dns.setTxt('_grpc_config.echo.test', CONFIG);
  return dns;
}

/** Milliseconds that the addresses wait here for a service config that is late. */
const GRACE = 20;

const SUBJECTS = {
  'srv:': (dns: DnsServer, options: { refreshInterval: number; deadline?: number }, grace = GRACE) =>
    new Probe(
      createSrvResolverClass(options, { open: openDnsSession, grace }),
      `srv://${dns.address}/_grpc._tcp.echo.test`,
      CHANNEL,
    ),
  'dns+refresh:': (dns: DnsServer, options: { refreshInterval: number; deadline?: number }, grace = GRACE) =>
    new Probe(
      createDnsRefreshResolverClass(options, { open: openDnsSession, ask: () => never, grace }),
      `dns+refresh://${dns.address}/echo.test:50051`,
      CHANNEL,
    ),
};

describe.each(Object.entries(SUBJECTS))('the service config of %s', (_scheme, probe) => {
  it('that always comes too late for the addresses is used by the next look', async () => {
    const dns = await zone();
    dns.delay(TXT, 200);
    const channel = probe(dns, { refreshInterval: 100, deadline: 20_000 }); // a third of it is time enough
    const first = await channel.ask();
    expect([first.endpoints, first.serviceConfig]).toEqual([['127.0.0.1:50051'], null]);
    const second = await channel.next();
    expect(second.endpoints).toEqual(['127.0.0.1:50051']);
    expect(second.serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });

  it('is asked for once at a time, however often the addresses are', async () => {
    const dns = await zone();
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const channel = probe(dns, { refreshInterval: 100, deadline: 600_000 });
    await channel.ask();
    for (let look = 0; look < 4; look += 1) await dns.asked('A echo.test');
    expect(dns.count(TXT)).toBe(1);
  });

  it('costs the addresses nothing when the deadline comes while they wait for it', async () => {
    const dns = await zone();
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const options = { refreshInterval: 60_000, deadline: 300 };
    const { endpoints, error } = await probe(dns, options, 60_000).ask();
    expect(error).toBeUndefined();
    expect(endpoints).toEqual(['127.0.0.1:50051']);
  });

  it('is asked for again after the channel was idle', async () => {
    const dns = await zone();
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const channel = probe(dns, { refreshInterval: 60_000, deadline: 600_000 }, 60_000);
    channel.resolver.updateResolution();
    await dns.asked(TXT);
    channel.resolver.destroy();
    dns.setTxt('_grpc_config.echo.test', CONFIG);
    expect((await channel.ask()).serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });
});

describe.each([
  [
    'srv:',
    (open: OpenDnsSession) =>
      new Probe(createSrvResolverClass({}, { open }), 'srv:_grpc._tcp.echo.test', CHANNEL),
  ],
  [
    'dns+refresh:',
    (open: OpenDnsSession) =>
      new Probe(
        createDnsRefreshResolverClass({}, { open, ask: () => never }),
        'dns+refresh:echo.test',
        CHANNEL,
      ),
  ],
])('the TXT query of %s', (_scheme, probe) => {
  it('is cancelled when the channel goes idle', async () => {
    const signals: AbortSignal[] = [];
    const channel = probe((_server, _deadline, signal) => ({
      srv: () => never,
      addresses: () => never,
      txt: () => {
        signals.push(signal);
        return never;
      },
    }));
    await channel.request();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    channel.resolver.destroy();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

describe('TXT records', () => {
  it('in another order are no change, also when each of two is a service config', async () => {
    const records = [CONFIG, CONFIG.replace('round_robin', 'pick_first')];
    const session = { srv: () => never, addresses: () => never, txt: () => Promise.resolve([...records]) };
    const txt = txtLookup('echo.test', {}, { open: () => session, deadline: 5000, trace: undefined });
    const look = async (): Promise<object | null> => {
      txt.start();
      return (await txt.settle(new AbortController().signal)).serviceConfig;
    };
    const first = await look();
    expect(first).toEqual({ loadBalancingConfig: [{ round_robin: {} }] });
    records.reverse();
    expect(await look()).toBe(first);
  });
});
