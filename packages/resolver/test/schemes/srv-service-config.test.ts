/** The TXT record beside an `srv:` target. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DnsServer } from '../support/dns-server.js';
import { FAST, NAME, ONCE, probe, SERVICE } from '../support/srv-probe.js';

describe('the service config of srv:', () => {
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {}); // bad ones are logged
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const withHost = async (): Promise<DnsServer> => {
    const dns = await DnsServer.start();
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    return dns;
  };
  const config = (json: object): string => `grpc_config=${JSON.stringify([{ serviceConfig: json }])}`;

  it('comes from TXT at _grpc_config.NAME, in the form that grpc-js reads', async () => {
    const dns = await withHost();
    const text = config({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{ name: [{}], timeout: '0.5s' }],
      healthCheckConfig: { serviceName: 'echo' },
      connectionScaling: { maxConnectionsPerSubchannel: 5 },
    });
    dns.setTxt(`_grpc_config.${NAME}`, text.slice(0, 40), text.slice(40));
    const { serviceConfig, attributes } = await probe(dns).ask();
    expect(serviceConfig).toEqual({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{ name: [{}], timeout: { seconds: 0, nanos: 500_000_000 } }],
    });
    expect(attributes['grpc.internal.no_subchannel.petiole.health_check_service_name']).toBe('echo');
    expect(attributes['grpc.internal.no_subchannel.petiole.max_connections_per_subchannel']).toBe(5);
  });

  it('is not asked for when grpc.service_config_disable_resolution is 1', async () => {
    const dns = await withHost();
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ round_robin: {} }] }));
    const { serviceConfig } = await probe(dns, ONCE, { 'grpc.service_config_disable_resolution': 1 }).ask();
    expect(serviceConfig).toBeNull();
    expect(dns.count(`TXT _grpc_config.${NAME}`)).toBe(0);
  });

  it('stays as it was when the record turns bad or cannot be had, and goes when the record goes', async () => {
    const dns = await withHost();
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ round_robin: {} }] }));
    const channel = probe(dns);
    const good = await channel.ask();
    dns.setTxt(`_grpc_config.${NAME}`, 'grpc_config=[{');
    const bad = await channel.ask();
    expect(bad.endpoints).toEqual(['10.0.0.1:1']);
    expect(bad.serviceConfig).toBe(good.serviceConfig);
    expect(bad.note).toContain('bad service config ignored: service config: grpc_config must be JSON');
    dns.set('TXT', `_grpc_config.${NAME}`, 'SERVFAIL');
    expect((await channel.ask()).serviceConfig).toBe(good.serviceConfig);
    dns.set('TXT', `_grpc_config.${NAME}`, 'NXDOMAIN');
    expect((await channel.ask()).serviceConfig).toBeNull();
  });

  it('never costs the addresses: a bad first one is left out', async () => {
    const dns = await withHost();
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ no_such_policy: {} }] }));
    const { endpoints, serviceConfig, note } = await probe(dns).ask();
    expect(endpoints).toEqual(['10.0.0.1:1']);
    expect(serviceConfig).toBeNull();
    expect(note).toContain('no_such_policy');
  });

  const nested = (levels: number): object =>
    levels === 0 ? { round_robin: {} } : { outlier_detection: { child_policy: [nested(levels - 1)] } };

  it.each([
    ['must not be nested more than 32 levels deep', { loadBalancingConfig: [nested(40)] }],
    ['methodConfig[0].timeout', { methodConfig: [{ name: [{}], timeout: '999999999999s' }] }],
    [
      'retryPolicy.initialBackoff must be at most 1789569 s',
      {
        methodConfig: [
          {
            name: [{}],
            retryPolicy: {
              maxAttempts: 5,
              initialBackoff: '2147484s',
              maxBackoff: '2147484s',
              backoffMultiplier: 1,
              retryableStatusCodes: ['UNAVAILABLE'],
            },
          },
        ],
      },
    ],
  ])('is left out when it could hurt the client: %s', async (complaint, json) => {
    const dns = await withHost();
    const text = config(json);
    dns.setTxt(`_grpc_config.${NAME}`, ...(text.match(/.{1,200}/g) ?? []));
    const { endpoints, serviceConfig, note } = await probe(dns).ask();
    expect(endpoints).toEqual(['10.0.0.1:1']);
    expect(serviceConfig).toBeNull();
    expect(note).toContain(complaint);
  });

  it('has checks of outliers that cost an idle client little, whatever it asks for', async () => {
    const dns = await withHost();
    const outliers = { interval: '0.000000001s', childPolicy: [{ round_robin: {} }] };
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ outlier_detection: outliers }] }));
    const { serviceConfig } = await probe(dns).ask();
    expect(serviceConfig?.loadBalancingConfig).toEqual([
      {
        outlier_detection: {
          interval: { seconds: 0, nanos: 100_000_000 },
          child_policy: [{ round_robin: {} }],
        },
      },
    ]);
  });

  it('reaches the channel when it alone changes', async () => {
    const dns = await withHost();
    const channel = probe(dns, FAST);
    expect((await channel.ask()).serviceConfig).toBeNull();
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ round_robin: {} }] }));
    expect((await channel.next()).serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });
});
