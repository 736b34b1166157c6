import { describe, expect, it } from 'vitest';
import { openDnsSession } from '../../src/lookup/dns-session.js';
import { type Getaddrinfo, getaddrinfo } from '../../src/lookup/system.js';
import { createDnsRefreshResolverClass, type DnsRefreshOptions } from '../../src/schemes/dns-refresh.js';
import { DnsServer } from '../support/dns-server.js';
import { Probe } from '../support/probe.js';

const FAST: DnsRefreshOptions = { refreshInterval: 100 };
const CHANNEL = {
  'grpc.dns_min_time_between_resolutions_ms': 100,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 50,
};

function probe(dns: DnsServer, options = FAST, path = 'echo.test:50051'): Probe {
  return new Probe(createDnsRefreshResolverClass(options), `dns+refresh://${dns.address}/${path}`, CHANNEL);
}

describe('dns+refresh:', () => {
  it('makes each address an endpoint and finds those that are added, with the rest in place', async () => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.2', 'fd00::1']);
    const channel = probe(dns);
    expect((await channel.ask()).endpoints).toEqual(['[fd00::1]:50051', '10.0.0.2:50051']);
    dns.setHost('echo.test', ['10.0.0.3', '10.0.0.2', 'fd00::1']);
    expect((await channel.next()).endpoints).toEqual(['[fd00::1]:50051', '10.0.0.2:50051', '10.0.0.3:50051']);
    dns.setHost('echo.test', ['10.0.0.3']);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.3:50051']);
  });

  it('takes port 443 for a target without one', async () => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.2']);
    expect((await probe(dns, FAST, 'echo.test').ask()).endpoints).toEqual(['10.0.0.2:443']);
  });

  it('says nothing when nothing changed', async () => {
    const dns = await DnsServer.start();
    const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    dns.setHost('echo.test', addresses);
    const channel = probe(dns);
    await channel.ask();
    for (let look = 0; look < 4; look += 1) {
      addresses.push(...addresses.splice(0, 1));
      dns.setHost('echo.test', addresses);
      await dns.asked('A echo.test');
    }
    expect(channel.calls).toHaveLength(1);
  });

  it.each([
    ['ipv6', ['[fd00::1]:50051']],
    ['ipv4', ['10.0.0.1:50051']],
  ] as const)('with families %s counts each pod of a dual-stack service once', async (families, expected) => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.1', 'fd00::1']);
    const overDns = await probe(dns, { ...FAST, families }).ask();
    expect(overDns.endpoints).toEqual(expected);
    expect(dns.count(families === 'ipv6' ? 'A echo.test' : 'AAAA echo.test')).toBe(0);
    const ask: Getaddrinfo = () => Promise.resolve(['10.0.0.1', 'fd00::1']);
    const resolverClass = createDnsRefreshResolverClass({ families }, { open: openDnsSession, ask });
    const channelOptions = { 'grpc.service_config_disable_resolution': 1 };
    const overSystem = await new Probe(resolverClass, 'dns+refresh:echo.test:50051', channelOptions).ask();
    expect(overSystem.endpoints).toEqual(expected);
  });

  it('without a DNS server asks the system, so that /etc/hosts counts', async () => {
    const channel = new Probe(
      createDnsRefreshResolverClass({ families: 'ipv4' }),
      'dns+refresh:localhost:1',
      {
        'grpc.service_config_disable_resolution': 1,
      },
    );
    expect((await channel.ask()).endpoints).toEqual(['127.0.0.1:1']);
  });

  it('hands over an IP address as it is, once', async () => {
    const channel = new Probe(createDnsRefreshResolverClass(), 'dns+refresh:[::1]:50051');
    expect((await channel.ask()).endpoints).toEqual(['[::1]:50051']);
    channel.resolver.updateResolution();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(channel.calls).toHaveLength(1);
  });

  it('brings the service config of _grpc_config.HOST', async () => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.1']);
    const choices = [{ serviceConfig: { loadBalancingPolicy: 'round_robin' } }];
    dns.setTxt('_grpc_config.echo.test', `grpc_config=${JSON.stringify(choices)}`);
    const { serviceConfig } = await probe(dns).ask();
    expect(serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });

  it('is UNAVAILABLE with the code and the name before any success, and keeps the last answer after one', async () => {
    const dns = await DnsServer.start();
    const channel = probe(dns);
    const { error } = await channel.ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toContain('look-up of "echo.test" failed: ENOTFOUND');
    dns.setHost('echo.test', ['10.0.0.1']);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.1:50051']);
    dns.set('A', 'echo.test', 'NXDOMAIN');
    dns.set('AAAA', 'echo.test', 'NXDOMAIN');
    const kept = await channel.ask();
    expect(kept.endpoints).toEqual(['10.0.0.1:50051']);
    expect(kept.note).toContain('ENOTFOUND');
  });

  it('does not wait for a service config that never comes', async () => {
    const dns = await DnsServer.start();
    dns.setHost('echo.test', ['10.0.0.1']);
    dns.set('TXT', '_grpc_config.echo.test', 'silence');
    const lookups = { open: openDnsSession, ask: getaddrinfo, grace: 20 };
    const resolverClass = createDnsRefreshResolverClass({ deadline: 600_000 }, lookups);
    const channel = new Probe(resolverClass, `dns+refresh://${dns.address}/echo.test:50051`);
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.1:50051']);
  });

  it('asks no DNS server for the service config of localhost', async () => {
    const dns = await DnsServer.start();
    dns.setHost('localhost', ['127.0.0.1']);
    await probe(dns, FAST, 'localhost:1').ask();
    expect(dns.questions.filter((question) => question.startsWith('TXT'))).toEqual([]);
  });

  it('refuses a family that is none', () => {
    expect(() => createDnsRefreshResolverClass({ families: 'v4' as never })).toThrow(
      `families must be 'both', 'ipv6' or 'ipv4', got "v4"`,
    );
    expect(() => createDnsRefreshResolverClass({ families: ['ipv4'] as never })).toThrow('got ["ipv4"]');
  });
});
