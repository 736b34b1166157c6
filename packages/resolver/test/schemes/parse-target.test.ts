import { Client, credentials } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget, TargetError } from '../../src/index.js';
import '../../src/register.js';
import { openClient } from '@petiole/test-kit/clients';
import { ask } from '@petiole/test-kit/rpc';
import { createDnsRefreshResolverClass } from '../../src/schemes/dns-refresh.js';
import { createSrvResolverClass } from '../../src/schemes/srv.js';
import { Probe } from '../support/probe.js';

describe('parseTarget', () => {
  it('says what a target means', () => {
    expect(parseTarget('static://echo.example/[::1]:1+127.0.0.1:1,echo-2')).toEqual({
      scheme: 'static',
      authority: 'echo.example',
      serverName: 'echo.example',
      endpoints: [
        {
          addresses: [
            { host: '::1', port: 1 },
            { host: '127.0.0.1', port: 1 },
          ],
        },
        { addresses: [{ host: 'echo-2', port: 443 }] },
      ],
    });
    expect(parseTarget('srv://[::1]:5353/_grpc._tcp.echo.example.')).toEqual({
      scheme: 'srv',
      authority: 'echo.example',
      dnsServer: '[::1]:5353',
      service: '_grpc._tcp.echo.example.',
      options: {},
    });
    expect(parseTarget('dns+refresh://8.8.8.8/echo.example:50051')).toEqual({
      scheme: 'dns+refresh',
      authority: 'echo.example:50051',
      dnsServer: '8.8.8.8:53',
      host: 'echo.example',
      port: 50_051,
      options: {},
    });
  });

  it('gives the options that a target has', () => {
    expect(parseTarget('dns+refresh:///echo:50051?families=ipv4&refreshInterval=10000')).toMatchObject({
      authority: 'echo:50051',
      host: 'echo',
      port: 50_051,
      options: { families: 'ipv4', refreshInterval: 10_000 },
    });
    expect(parseTarget('dns+refresh:echo?refreshInterval=Infinity').authority).toBe('echo');
    expect(parseTarget('srv:_grpc._tcp.echo.example?deadline=1000&maxAddressesPerEndpoint=1')).toEqual({
      scheme: 'srv',
      authority: 'echo.example',
      dnsServer: undefined,
      service: '_grpc._tcp.echo.example',
      options: { deadline: 1000, maxAddressesPerEndpoint: 1 },
    });
  });

  it('leaves the root dot out of the authority, as certificates do', () => {
    for (const target of ['static:echo.example.:1', 'dns+refresh:echo.example.:1']) {
      expect(parseTarget(target).authority).toBe('echo.example:1');
    }
  });

  it.each([undefined, null, 5])('refuses %o, which is no string', (target) => {
    expect(() => parseTarget(target as never)).toThrow(TargetError);
    expect(() => parseTarget(target as never)).toThrow(`bad target: ${target} is no string`);
  });

  it.each([
    [
      '',
      "has none of the schemes static:, srv:, dns+refresh:; targets of grpc-js's own schemes are not checked here",
    ],
    ['echo.example:443', 'has none of the schemes'],
    ['dns:echo.example', 'has none of the schemes'],
    ['static:', 'has nothing after "static:"; grpc-js would hand it to dns:'],
    ['srv:', 'has nothing after "srv:"'],
    ['static:1.2.3.4:1\n', 'has a line break at character 17; grpc-js throws on it'],
    ['static:1.2.3.4:1,\r\n5.6.7.8:1', 'has a line break at character 18'],
    ['STATIC:1.2.3.4:1', 'must start with "static:" exactly, in small letters'],
    ['Srv:_grpc._tcp.a.b', 'must start with "srv:" exactly'],
    [' static:1.2.3.4:1', 'must start with "static:" exactly'],
    ['"static:1.2.3.4:1"', 'must start with "static:" exactly'],
    ['static://name', 'has a server name and no endpoint'],
    ['static:1.2.3.4:99999', 'a port is an integer from 1 to 65535'],
    ['srv:echo.example', '"echo.example" must be _service._proto.NAME'],
    ['srv:_grpc._tcp.', 'must be _service._proto.NAME'],
    ['srv:_grpc._tcp.a..b', 'is no host name'],
    ['srv:_grpc._tcp.1.2.3.4', 'has an IP address where a name belongs'],
    ['srv://8.8.8.8', 'has a DNS server and no name'],
    ['srv://8.8.8.8:0/_grpc._tcp.a.b', 'DNS server "8.8.8.8:0": "8.8.8.8:0" has port "0"'],
    ['srv://8.8.8.8:65536/_grpc._tcp.a.b', 'has port "65536"'],
    ['srv://::1/_grpc._tcp.a.b', 'an IPv6 address stands in brackets'],
    ['srv://[fe80::1%eth0]/_grpc._tcp.a.b', 'has a zone id'],
    ['srv://dns.example/_grpc._tcp.a.b', 'DNS server "dns.example" must be an IP address'],
    ['dns+refresh:', 'has nothing after "dns+refresh:"'],
    ['dns+refresh:echo:0', 'has port "0"'],
    ['dns+refresh:50051', 'its last label is a number'],
    ['dns+refresh:a,b', '"a,b" is no host name'],
    ['dns+refresh://8.8.8.8:x/echo', 'has port "x"'],
    [
      'dns+refresh:echo?',
      '"?" has the option "", which is none: the options are refreshInterval, deadline, maxEndpoints, families',
    ],
    [
      'dns+refresh:echo?Families=ipv4',
      '"?Families=ipv4" has the option "Families", which is none: did you mean "families"?',
    ],
    ['srv:_grpc._tcp.a.b?families=ipv4', 'has the option "families", which is none: the options are refresh'],
    ['dns+refresh:echo?families', '"?families" has families without "=" and a value'],
    ['dns+refresh:echo?families=v4', `families must be 'both', 'ipv6' or 'ipv4', got "v4"`],
    ['dns+refresh:echo?families=ipv4&families=ipv6', 'has families twice'],
    ['dns+refresh:echo?refreshInterval=10s', 'refreshInterval must be from 100 to 86400000 ms, or Infinity'],
    ['dns+refresh:echo?deadline=1', 'deadline must be from 10 to 600000 ms, got 1'],
    ['dns+refresh:echo?deadline=1;families=ipv4', 'got "1;families=ipv4"'],
    ['dns+refresh:echo?constructor=1', 'has the option "constructor", which is none'],
    ['srv:_grpc._tcp.a.b?maxEndpoints=1.5', 'maxEndpoints must be an integer from 1 to 1000000, got "1.5"'],
    ['static:echo:1?families=ipv4', 'has port "1?families=ipv4"'],
  ])('refuses %j', (target, message) => {
    expect(() => parseTarget(target)).toThrow(TargetError);
    expect(() => parseTarget(target)).toThrow(message);
    expect(() => parseTarget(target)).toThrow(/^bad target: /);
  });

  it.skipIf(URL.canParse('https://xn--a'))('refuses a name that no URL can hold', () => {
    for (const target of ['srv:_grpc._tcp.xn--a', 'dns+refresh:xn--a:1', 'static:xn--a:1']) {
      expect(() => parseTarget(target)).toThrow('is not valid in a URL');
    }
  });

  it('refuses or reads, and never throws anything else', () => {
    const scheme = fc.constantFrom('static:', 'srv:', 'dns+refresh:', 'srv://', 'dns+refresh://1.1.1.1/', '');
    const rest = fc.array(
      fc.constantFrom('_a', '.', '_tcp', 'x', ':', '/', '1', '[', ']', '::1', '%', ' ', '\n', '🙂'),
    );
    fc.assert(
      fc.property(
        scheme,
        fc.oneof(
          rest.map((parts) => parts.join('')),
          fc.string(),
        ),
        (head, tail) => {
          try {
            const { authority } = parseTarget(head + tail);
            expect(URL.canParse(`https://${authority}`)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(TargetError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each(['dns:///echo.example:443', 'localhost:50051', 'unix:/run/echo', 'manual://localhost/1'])(
    'does not take %s for wrong, only for none of its own',
    (target) => {
      expect(() => parseTarget(target)).toThrow('are not checked here');
    },
  );

  it('agrees with what grpc-js does with line breaks and empty targets', async () => {
    await expect(ask(openClient('static:'))).rejects.toMatchObject({
      code: 14,
      details: expect.stringContaining('Failed to parse DNS address dns:static:'),
    });
    expect(() => new Client('static:1.2.3.4:1\n', credentials.createInsecure())).toThrow(
      'Could not parse target name',
    );
  });
});

describe('a bad target that reaches a DNS resolver', () => {
  it.each([
    ['srv', createSrvResolverClass(), 'srv:echo.example'],
    ['srv', createSrvResolverClass(), 'srv://8.8.8.8:0/_grpc._tcp.a.b'],
    ['dns+refresh', createDnsRefreshResolverClass(), 'dns+refresh://dns.example/a'],
    ['dns+refresh', createDnsRefreshResolverClass(), 'dns+refresh:a:99999'],
  ])('is one UNAVAILABLE status of %s', async (scheme, resolverClass, target) => {
    const { error } = await new Probe(resolverClass, target).ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toMatch(new RegExp(`^bad ${scheme.replace('+', '\\+')}: target: `));
    expect(resolverClass.getDefaultAuthority({ scheme, path: target })).not.toBe('');
  });
});
