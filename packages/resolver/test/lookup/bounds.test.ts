/** What DNS and catalogues may bring, way by way, and the options that say so. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { EndpointInput } from '../../src/index.js';
import { createManualResolver } from '../../src/index.js';
import { createDnsRefreshResolverClass } from '../../src/schemes/dns-refresh.js';
import { manualResolverClass } from '../../src/schemes/manual.js';
import { createSrvResolverClass } from '../../src/schemes/srv.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { deepFreeze } from '../../src/target/objects.js';
import { DnsServer } from '../support/dns-server.js';
import { type ListenerCall, Probe } from '../support/probe.js';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { injected, NAME, probe, SERVICE } from '../support/srv-probe.js';
import { updatesFromNow } from '../support/update-log.js';

/** `10.0.0.0`, `10.0.0.1`, … */
const ipv4 = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
const ipv6 = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `fd00::${(index + 1).toString(16)}`);
/** One host under as many ports. */
const ports = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: 'h', port: index + 1, priority: 0, weight: 0 }));

const addressesOf = ({ raw }: ListenerCall): number =>
  (raw ?? []).reduce((sum, { addresses }) => sum + addresses.length, 0);

let log: MockInstance<typeof console.error>;
beforeEach(() => {
  log = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('srv: records and addresses', () => {
  it('do not multiply: 100 records and 100 addresses of one host, out of 4 kB of DNS, are 62 endpoints', async () => {
    const updates = updatesFromNow();
    const dns = await DnsServer.start();
    const host = `h.${NAME}`;
    dns.setSrv(
      SERVICE,
      ports(100).map(({ port }) => ({ target: host, port })),
    );
    dns.setHost(host, ipv4(100));
    const call = await probe(dns).ask();
    expect([call.endpoints?.length, addressesOf(call)]).toEqual([62, 62 * 32]);
    expect(call.note).toBe(
      '38 of 100 endpoints are left out: maxAddresses is 2000; "h.echo.test" has 100 addresses, of which 32 are used',
    );
    expect(log.mock.calls.flat().join()).toContain(`/${SERVICE}: 38 of 100 endpoints are left out`);
    expect(updates.map(({ endpoints, error }) => [endpoints, error])).toEqual([
      [62, undefined],
      [62, call.note],
    ]);
  });

  it('are never copied for each other, however many there are', async () => {
    // As objects, 9 million addresses would not fit into memory.
    const addresses = ipv4(4000);
    const call = await injected(ports(3000), (_, family) =>
      Promise.resolve(family === 4 ? addresses : []),
    ).ask();
    expect(addressesOf(call)).toBe(1984);
  });

  it('keep half of the room of a host for each family', async () => {
    const channel = injected(ports(1), (_, family) => Promise.resolve(family === 6 ? ipv6(10) : ipv4(3)), {
      maxAddressesPerEndpoint: 4,
    });
    expect((await channel.ask()).endpoints).toEqual(['[fd00::1]:1+[fd00::2]:1+10.0.0.0:1+10.0.0.1:1']);
  });

  it('that are in use stay when there are too many and the answer is rotated', async () => {
    const dns = await DnsServer.start();
    const hosts = ['a', 'b', 'c'].map((host) => `${host}.${NAME}`);
    for (const [index, host] of hosts.entries()) dns.setHost(host, [`10.0.${index}.1`, `10.0.${index}.2`]);
    const set = (): void =>
      dns.setSrv(
        SERVICE,
        hosts.map((target) => ({ target, port: 1 })),
      );
    set();
    const channel = probe(dns, { refreshInterval: 100, maxEndpoints: 2, maxAddressesPerEndpoint: 1 });
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.1:1', '10.0.1.1:1']);
    for (let look = 0; look < 2; look += 1) {
      hosts.unshift(...hosts.splice(2));
      set();
      for (const host of hosts)
        dns.setHost(host, [`10.0.${host.charCodeAt(0) - 97}.2`, `10.0.${host.charCodeAt(0) - 97}.1`]);
      await dns.asked(`SRV ${SERVICE}`);
      await dns.asked(`A ${hosts[2]}`);
    }
    expect(channel.calls).toHaveLength(1);
    expect(log).toHaveBeenCalledTimes(1);
  });
});

it('dns+refresh: brings at most 1,000 endpoints, and those in use stay', async () => {
  const dns = await DnsServer.start();
  const hosts = ipv4(1100);
  dns.setHost(NAME, hosts);
  const channel = new Probe(
    createDnsRefreshResolverClass({ refreshInterval: 100 }),
    `dns+refresh://${dns.address}/${NAME}:1`,
  );
  const { endpoints, note } = await channel.ask();
  expect(endpoints).toHaveLength(1000);
  expect(note).toBe('100 of 1100 endpoints are left out: maxEndpoints is 1000');
  dns.setHost(NAME, hosts.toReversed());
  await dns.asked(`A ${NAME}`);
  await dns.asked(`A ${NAME}`);
  expect(channel.calls).toHaveLength(1);
});

describe('the host names of static:', () => {
  const make = (target: string, options = {}) =>
    new Probe(
      createStaticResolverClass(options, (host) => Promise.resolve(ipv4(host === 'one' ? 1 : 3000))),
      target,
    );

  it('bring at most 32 addresses each', async () => {
    const call = await make('static:many:1,one:1').ask();
    expect(call.raw?.map(({ addresses }) => addresses.length)).toEqual([32, 1]);
    expect(call.note).toBe('"many" has 3000 addresses, of which 32 are used');
  });

  it('share the room for all, and what the target itself lists is never left out', async () => {
    const literals = ipv4(20).map((address) => `${address}:2`);
    const call = await make(`static:many:1,many:2,many:3,${literals}`, { maxAddresses: 50 }).ask();
    expect(call.raw?.map(({ addresses }) => addresses.length)).toEqual([2, 2, 2, ...literals.map(() => 1)]);
    const many = await make(`static:many:1,${literals}`, { maxAddresses: 5 }).ask();
    expect(many.endpoints).toHaveLength(21);
  });
});

describe('a catalogue', () => {
  useFakeClock();

  const endpoint = (index: number, addresses: number): EndpointInput => ({
    addresses: ipv4(addresses).map((host) => ({ host, port: index + 1 })),
  });

  it('brings at most 1,000 endpoints: more are logged once, named in the note, and back when there is room', async () => {
    const { probe: channel, lookups } = scripted();
    const updates = updatesFromNow();
    await channel.request();
    lookups[0]?.answer(...ipv4(1500));
    await later(30_001);
    lookups[1]?.answer(...ipv4(1600).toReversed());
    await later(30_001);
    lookups[2]?.answer(...ipv4(1000));
    await turn();
    expect(channel.calls.map(({ endpoints, note }) => [endpoints?.length, note])).toEqual([
      [1000, '500 of 1500 endpoints are left out: maxEndpoints is 1000'],
      [1000, ''],
    ]);
    expect(log).toHaveBeenCalledTimes(1);
    expect(updates.flatMap(({ error }) => error ?? [])).toEqual([channel.calls[0]?.note]);
  });

  it('brings at most 32 addresses of an endpoint, and 2,000 of all', async () => {
    const { probe: channel, lookups } = scripted();
    await channel.request();
    lookups[0]?.answerWith({ endpoints: Array.from({ length: 70 }, (_, index) => endpoint(index, 40)) });
    await turn();
    const [call] = channel.calls;
    expect(call?.raw?.map(({ addresses }) => addresses.length)).toEqual(Array(62).fill(32));
    expect(call?.note).toBe(
      '70 endpoints have more than 32 addresses (maxAddressesPerEndpoint); 8 of 70 endpoints are left out: maxAddresses is 2000',
    );
  });

  it('brings no more when few of many endpoints change, also where all can never change', async () => {
    const { probe: channel, lookups } = scripted();
    await channel.request();
    const all = Array.from({ length: 64 }, (_, index) => deepFreeze(endpoint(index, 32)));
    lookups[0]?.answerWith({ endpoints: all.slice(0, 62) });
    await turn();
    await later(30_001);
    lookups[1]?.answerWith({ endpoints: all.slice(1) });
    await turn();
    expect(channel.calls.at(-1)?.note).toBe('1 of 63 endpoints are left out: maxAddresses is 2000');
    await later(30_001);
    lookups[2]?.answerWith({ endpoints: all.slice(2) });
    await turn();
    expect(channel.calls.at(-1)?.note).toBe('');
    expect(channel.calls.at(-1)?.endpoints).toHaveLength(62);
  });

  it('leaves endpoints in use where they are when more come before them, also where each order is a change', async () => {
    const { probe: channel, lookups } = scripted({ keepOrder: false, maxEndpoints: 3, maxAddresses: 4 });
    const answer = async (...endpoints: string[]): Promise<readonly string[] | undefined> => {
      lookups.at(-1)?.answerWith({ endpoints });
      await later(30_001);
      return channel.calls.at(-1)?.endpoints;
    };
    await channel.request();
    expect(await answer('b:1', 'd:1')).toEqual(['b:1', 'd:1']);
    expect(await answer('a:1', 'b:1', 'c:1', 'd:1')).toEqual(['a:1', 'b:1', 'd:1']);
    expect(await answer('d:1', 'c:1', 'b:1', 'a:1')).toEqual(['d:1', 'b:1', 'a:1']);
    // Here the addresses are too many.
    expect(await answer('e:1+f:1+g:1', 'd:1', 'b:1')).toEqual(['d:1', 'b:1']);
    expect(channel.calls.at(-1)?.note).toBe('1 of 3 endpoints are left out: maxAddresses is 4');
  });

  it('makes no other endpoint of one with too many addresses when they are rotated', async () => {
    const { probe: channel, lookups } = scripted();
    const hosts = ipv4(40);
    await channel.request();
    for (let look = 0; look < 4; look += 1) {
      lookups[look]?.answerWith({ endpoints: [{ addresses: hosts.map((host) => ({ host, port: 1 })) }] });
      await later(30_001);
      hosts.push(...hosts.splice(0, 9));
    }
    expect(channel.calls.map(addressesOf)).toEqual([32]);
  });

  it('may list more than a call has room for arguments', async () => {
    const { probe: channel, lookups } = scripted();
    await channel.request();
    const hosts = Array.from(
      { length: 200_000 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );
    lookups[0]?.answer(...[]);
    await later(30_001);
    lookups[1]?.answerWith({ endpoints: hosts.map((host) => ({ addresses: [{ host, port: 1 }] })) });
    await turn();
    expect(channel.calls.at(-1)?.endpoints).toHaveLength(1000);
  });
});

it('what a program tells a manual resolver is its own, and not bounded', async () => {
  const handle = createManualResolver({ endpoints: ipv4(2500) });
  const { endpoints } = await new Probe(manualResolverClass, handle.target).ask();
  handle.close();
  expect(endpoints).toHaveLength(2500);
});

describe('the options', () => {
  it.each(['maxEndpoints', 'maxAddressesPerEndpoint', 'maxAddresses'])('refuse a %s out of range', (name) => {
    for (const value of [0, -1, 1.5, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = new RangeError(`${name} must be an integer from 1 to 1000000, got ${value}`);
      expect(() => scripted({ [name]: value })).toThrow(error);
      expect(() => createSrvResolverClass({ [name]: value })).toThrow(error);
    }
    expect(() => scripted({ [name]: '5' })).toThrow(RangeError);
  });

  it('are those of each way in', () => {
    expect(() => createDnsRefreshResolverClass({ maxEndpoints: 0 })).toThrow('maxEndpoints must be');
    expect(() => createDnsRefreshResolverClass({ maxAddresses: 1 } as object)).toThrow('got "maxAddresses"');
    expect(() => createStaticResolverClass({ maxAddresses: 0 })).toThrow('maxAddresses must be');
    expect(() => createStaticResolverClass({ maxEndpoints: 1 } as object)).toThrow('got "maxEndpoints"');
  });

  it('leave room for the first endpoint, whatever they are', async () => {
    const channel = injected(ports(3), (_, family) => Promise.resolve(family === 6 ? ipv6(2) : ipv4(2)), {
      maxAddresses: 1,
    });
    expect((await channel.ask()).endpoints).toEqual(['[fd00::1]:1']);
  });

  it('raise the room for addresses with that for endpoints', async () => {
    const channel = injected(ports(3000), (_, family) => Promise.resolve(family === 6 ? [] : ['10.0.0.1']), {
      maxEndpoints: 3000,
    });
    expect((await channel.ask()).endpoints).toHaveLength(3000);
  });
});
