/** Endpoints of `srv:` targets, from DNS on the loopback. */
import { attributesOf } from '@petiole/service-config/internal';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DnsError } from '../../src/lookup/dns-error.js';
import { createSrvResolverClass } from '../../src/schemes/srv.js';
import { DnsServer } from '../support/dns-server.js';
import { type ListenerCall, Probe } from '../support/probe.js';
import { FAST, injected, ONCE, probe, record, SERVICE } from '../support/srv-probe.js';
import { updatesFromNow } from '../support/update-log.js';

describe('srv:', () => {
  it('gives each endpoint the priority and the weight of its record, and tells of another weight', async () => {
    const weighted = (name: string, weight: number) => ({ ...record(name, 3), weight });
    const records = [weighted('a', 0), weighted('b', 10), record('spare', 4)];
    const options = { refreshInterval: 100 };
    const channel = injected(records, async (host) => [`10.0.0.${host.charCodeAt(0) - 96}`], options);
    const attributes = ({ raw }: ListenerCall): unknown => raw?.map(attributesOf);
    expect(attributes(await channel.ask())).toEqual([
      { priority: 3, weight: 1 },
      { priority: 3, weight: 10 },
    ]);
    records[1] = weighted('b', 20);
    expect(attributes(await channel.next())).toEqual([
      { priority: 3, weight: 1 },
      { priority: 3, weight: 20 },
    ]);
  });

  it('makes one endpoint of each record, with all addresses of its host, IPv6 first, and its port', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'a.echo.test', port: 1001 },
      { target: 'b.echo.test', port: 1002 },
    ]);
    dns.setHost('a.echo.test', ['10.0.0.1', 'fd00::1']);
    dns.setHost('b.echo.test', ['10.0.0.2', 'fd00::2', 'fd00::3']);
    const { endpoints, error } = await probe(dns).ask();
    expect(error).toBeUndefined();
    expect(endpoints?.toSorted()).toEqual([
      '[fd00::1]:1001+10.0.0.1:1001',
      '[fd00::2]:1002+[fd00::3]:1002+10.0.0.2:1002',
    ]);
  });

  it('finds records that are added, drops those removed, and says nothing when nothing changed', async () => {
    const dns = await DnsServer.start();
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setHost('b.echo.test', ['10.0.0.2']);
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    const channel = probe(dns, FAST);
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.1:1']);
    for (let look = 0; look < 3; look += 1) await dns.asked(`SRV ${SERVICE}`);
    expect(channel.calls).toHaveLength(1);
    dns.setSrv(SERVICE, [
      { target: 'b.echo.test', port: 1 },
      { target: 'a.echo.test', port: 1 },
    ]);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
    dns.setSrv(SERVICE, [{ target: 'b.echo.test', port: 1 }]);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.2:1']);
  });

  it('takes a rotated answer for no change', async () => {
    const dns = await DnsServer.start();
    const targets = ['a', 'b', 'c'].map((host) => ({ target: `${host}.echo.test`, port: 1 }));
    for (const [index, { target }] of targets.entries()) dns.setHost(target, [`10.0.0.${index}`]);
    dns.setSrv(SERVICE, targets);
    const channel = probe(dns, FAST);
    const first = await channel.ask();
    for (let look = 0; look < 4; look += 1) {
      targets.push(...targets.splice(0, 1));
      dns.setSrv(SERVICE, targets);
      await dns.asked(`SRV ${SERVICE}`);
    }
    expect(channel.calls).toHaveLength(1);
    const again = await channel.ask();
    expect(again.endpoints).toEqual(first.endpoints);
  });

  it('takes rotated addresses of a host for no change, and says so to no diagnostics channel', async () => {
    const dns = await DnsServer.start();
    const addresses = ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2', 'fd00::3'];
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    dns.setHost('a.echo.test', addresses);
    const updates = updatesFromNow();
    const channel = probe(dns, FAST);
    const first = await channel.ask();
    for (let look = 0; look < 10; look += 1) {
      addresses.push(...addresses.splice(0, 1));
      dns.setHost('a.echo.test', addresses);
      await dns.asked('A a.echo.test');
    }
    expect(channel.calls).toHaveLength(1);
    expect((await channel.ask()).endpoints).toEqual(first.endpoints);
    expect(updates).toHaveLength(1);
  });

  it('keeps the place of addresses that stay when others of their host come and go', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    dns.setHost('a.echo.test', ['10.0.0.1']);
    const channel = probe(dns, FAST);
    await channel.ask();
    dns.setHost('a.echo.test', ['10.0.0.2', '10.0.0.1']);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.1:1+10.0.0.2:1']);
    dns.setHost('a.echo.test', ['10.0.0.2', '10.0.0.1', 'fd00::1']);
    expect((await channel.next()).endpoints).toEqual(['[fd00::1]:1+10.0.0.1:1+10.0.0.2:1']);
  });

  it('keeps the place of an endpoint whose host has a new address', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'a.echo.test', port: 1 },
      { target: 'b.echo.test', port: 1 },
    ]);
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setHost('b.echo.test', ['10.0.0.2']);
    const channel = probe(dns, FAST);
    const before = (await channel.ask()).endpoints ?? [];
    dns.setHost('a.echo.test', ['10.0.0.9']);
    const after = (await channel.next()).endpoints;
    expect(after).toEqual(before.map((endpoint) => endpoint.replace('10.0.0.1', '10.0.0.9')));
  });

  it('uses the best priority that has addresses, and returns to a better one', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'standby.echo.test', port: 1, priority: 20 },
      { target: 'main.echo.test', port: 1, priority: 10 },
    ]);
    dns.setHost('standby.echo.test', ['10.0.0.20']);
    const channel = probe(dns, FAST);
    const first = await channel.ask();
    expect(first.endpoints).toEqual(['10.0.0.20:1']);
    expect(first.note).toContain('look-up of "main.echo.test" failed: ENOTFOUND');
    dns.setHost('main.echo.test', ['10.0.0.10']);
    expect((await channel.next()).endpoints).toEqual(['10.0.0.10:1']);
  });

  it('keeps the last addresses of a host that fails, and drops a family that is gone', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'a.echo.test', port: 1 },
      { target: 'b.echo.test', port: 1 },
    ]);
    dns.setHost('a.echo.test', ['10.0.0.1', 'fd00::1']);
    dns.setHost('b.echo.test', ['10.0.0.2', 'fd00::2']);
    const channel = probe(dns);
    await channel.ask();
    dns.set('AAAA', 'a.echo.test', 'SERVFAIL');
    dns.set('AAAA', 'b.echo.test', []);
    const { endpoints, note } = await channel.ask();
    expect(endpoints?.toSorted()).toEqual(['10.0.0.2:1', '[fd00::1]:1+10.0.0.1:1']);
    expect(note).toContain('AAAA look-up of "a.echo.test" failed: ESERVFAIL');
  });

  it('leaves "." out where there are other targets', async () => {
    const dns = await DnsServer.start();
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setSrv(SERVICE, [
      { target: '.', port: 1 },
      { target: 'a.echo.test', port: 1 },
    ]);
    expect(await probe(dns).ask()).toMatchObject({ endpoints: ['10.0.0.1:1'], note: '' });
  });

  it('reports a target of "." as no such service', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [{ target: '.', port: 0 }]);
    const { error } = await probe(dns).ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toContain(`the SRV record of "${SERVICE}" says "."`);
  });

  it.each([
    ['NXDOMAIN', 'ENOTFOUND'],
    ['SERVFAIL', 'ESERVFAIL'],
    ['REFUSED', 'EREFUSED'],
  ] as const)(
    'is UNAVAILABLE with the code and the name on %s, and recovers by itself',
    async (entry, code) => {
      const dns = await DnsServer.start();
      dns.set('SRV', SERVICE, entry);
      const channel = probe(dns);
      const { error } = await channel.ask();
      expect(error?.code).toBe(14);
      expect(error?.details).toContain(`SRV look-up of "${SERVICE}" failed: ${code}`);
      dns.setHost('a.echo.test', ['10.0.0.1']);
      dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
      expect((await channel.next()).endpoints).toEqual(['10.0.0.1:1']);
    },
  );

  it('keeps the last good answer through NXDOMAIN, and says so to a channel that asks', async () => {
    const dns = await DnsServer.start();
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    const channel = probe(dns);
    await channel.ask();
    dns.set('SRV', SERVICE, 'NXDOMAIN');
    const { endpoints, note, error } = await channel.ask();
    expect(error).toBeUndefined();
    expect(endpoints).toEqual(['10.0.0.1:1']);
    expect(note).toContain('the last answer was kept: SRV look-up');
  });

  it('gives up on a silent server at its deadline and names it', async () => {
    const dns = await DnsServer.start();
    dns.set('SRV', SERVICE, 'silence');
    const started = performance.now();
    const channel = new Probe(createSrvResolverClass({ deadline: 300 }), `srv://${dns.address}/${SERVICE}`);
    const { error } = await channel.ask();
    expect(performance.now() - started).toBeLessThan(2000);
    expect(error?.details).toContain(`SRV look-up of "${SERVICE}" failed:`);
    expect(error?.details).toMatch(/ECANCELLED|ETIMEOUT/);
  });

  it('asks a silent server again and again within the deadline, and says that it did not answer', async () => {
    const dns = await DnsServer.start();
    dns.set('SRV', SERVICE, 'silence');
    const { error } = await probe(dns, { ...ONCE, deadline: 2400 }).ask();
    expect(error?.details).toContain('failed: ETIMEOUT (the DNS server did not answer in time)');
    expect(dns.count(`SRV ${SERVICE}`)).toBe(3);
  });

  it('uses what it has at the deadline when a host does not answer', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'a.echo.test', port: 1 },
      { target: 'mute.echo.test', port: 1 },
    ]);
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.set('A', 'mute.echo.test', 'silence');
    dns.set('AAAA', 'mute.echo.test', 'silence');
    const channel = new Probe(createSrvResolverClass({ deadline: 400 }), `srv://${dns.address}/${SERVICE}`);
    const { endpoints, note } = await channel.ask();
    expect(endpoints).toEqual(['10.0.0.1:1']);
    expect(note).toContain('"mute.echo.test" failed');
  });

  it('follows a CNAME, and takes a CNAME of nothing for no addresses', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [
      { target: 'alias.echo.test', port: 1 },
      { target: 'dangling.echo.test', port: 1 },
    ]);
    for (const type of ['A', 'AAAA'] as const) {
      dns.set(type, 'alias.echo.test', [
        { type: 'CNAME', name: 'alias.echo.test', ttl: 1, data: 'real.echo.test' },
        { type, name: 'real.echo.test', ttl: 1, data: type === 'A' ? '10.0.0.1' : 'fd00::1' } as never,
      ]);
      dns.set(type, 'dangling.echo.test', [
        { type: 'CNAME', name: 'dangling.echo.test', ttl: 1, data: 'gone.echo.test' },
      ]);
    }
    const { endpoints, note } = await probe(dns).ask();
    expect(endpoints).toEqual(['[fd00::1]:1+10.0.0.1:1']);
    expect(note).toContain('look-up of "dangling.echo.test" failed: ENODATA');
  });

  it('fetches a truncated answer over TCP, and 500 hosts with at most 64 questions in flight', async () => {
    const dns = await DnsServer.start();
    // Beyond the 1,232 bytes that our UDP answers carry; short names keep it below 16 kB, where old c-ares stop.
    const targets = Array.from({ length: 500 }, (_, index) => ({ target: `h${index}`, port: 1 }));
    for (const [index, { target }] of targets.entries()) {
      dns.setHost(target, [`10.1.${index >> 8}.${index & 255}`, `fd00::${index.toString(16)}`]);
    }
    const name = '_g._tcp.t';
    dns.setSrv(name, targets);
    const channel = new Probe(createSrvResolverClass(ONCE), `srv://${dns.address}/${name}`);
    const { endpoints, error } = await channel.ask();
    expect(error).toBeUndefined();
    expect(endpoints).toHaveLength(500);
    expect(endpoints).toContain('[fd00::1f3]:1+10.1.1.243:1');
    expect(dns.questions).toContain(`tcp SRV ${name}`);
  });

  it('resolves 10,000 hosts, at most 32 at a time', async () => {
    let inFlight = 0;
    let most = 0;
    const hosts = Array.from({ length: 10_000 }, (_, index) => record(`h${index}`, 0));
    const channel = injected(
      hosts,
      async (host, family) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await Promise.resolve();
        inFlight -= 1;
        const index = Number(host.slice(1));
        return [family === 6 ? `fd00::${index.toString(16)}` : `10.0.${index >> 8}.${index & 255}`];
      },
      { maxEndpoints: 10_000, maxAddresses: 20_000 },
    );
    const { endpoints } = await channel.ask();
    expect(endpoints).toHaveLength(10_000);
    expect(endpoints?.[9999]).toBe('[fd00::270f]:1+10.0.39.15:1');
    expect(most).toBe(64); // two families each
  });

  it('cancels its queries when the channel goes idle, and answers afresh when it returns', async () => {
    const dns = await DnsServer.start();
    dns.set('SRV', SERVICE, 'silence');
    const channel = probe(dns);
    channel.resolver.updateResolution();
    await dns.asked(`SRV ${SERVICE}`);
    channel.resolver.destroy();
    dns.setHost('a.echo.test', ['10.0.0.1']);
    dns.setSrv(SERVICE, [{ target: 'a.echo.test', port: 1 }]);
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.1:1']);
    expect(channel.calls).toHaveLength(1);
  });

  it('leaves out records with port 0, and does not ask for their hosts', async () => {
    const asked: string[] = [];
    const channel = injected([record('a', 0), { ...record('b', 0), port: 0 }], (host, family) => {
      asked.push(host);
      return Promise.resolve([family === 6 ? 'fd00::1' : '10.0.0.1']);
    });
    expect((await channel.ask()).endpoints).toEqual(['[fd00::1]:1+10.0.0.1:1']);
    expect(asked).toEqual(['a', 'a']); // two families
  });

  it('takes hosts that differ in letter case for one, which is looked up once', async () => {
    const asked: string[] = [];
    const records = [record('Pod.Echo.Test', 0), { ...record('pod.echo.test', 0), port: 2 }];
    const channel = injected(records, (host, family) => {
      asked.push(`${host} ${family}`);
      return Promise.resolve([family === 6 ? 'fd00::1' : '10.0.0.1']);
    });
    expect((await channel.ask()).endpoints).toEqual(['[fd00::1]:1+10.0.0.1:1', '[fd00::1]:2+10.0.0.1:2']);
    expect(asked).toEqual(['pod.echo.test 6', 'pod.echo.test 4']);
  });

  it('forgets the addresses of a host that leaves, and of no other, whatever its letter case', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let down = false;
    const records = [record('a', 0), record('B', 0), record('c', 0)];
    const hosts = ['a', 'b', 'c'];
    const channel = injected(records, (host, family) =>
      down && host !== 'c'
        ? Promise.reject(new DnsError('ESERVFAIL', family === 6 ? 'AAAA' : 'A', host))
        : Promise.resolve(family === 6 ? [`fd00::${host}`] : [`10.0.0.${hosts.indexOf(host)}`]),
    );
    const look = async (): Promise<ListenerCall | undefined> => {
      channel.resolver.updateResolution();
      await vi.advanceTimersByTimeAsync(30_001);
      return channel.calls.at(-1);
    };
    expect((await look())?.endpoints).toHaveLength(3);
    const [a] = records.splice(0, 1);
    expect((await look())?.endpoints).toEqual(['[fd00::b]:1+10.0.0.1:1', '[fd00::c]:1+10.0.0.2:1']);
    if (a !== undefined) records.push(a);
    down = true;
    const last = await look();
    expect(last?.endpoints).toEqual(['[fd00::b]:1+10.0.0.1:1', '[fd00::c]:1+10.0.0.2:1']);
    expect(last?.note).toContain('look-up of "a" failed: ESERVFAIL');
  });
});

it('forgets hosts that are gone also while none resolves: a zone may hand out new names for ever', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const asked: string[] = [];
  const records = [record('a', 0)];
  const channel = injected(records, (host, family) => {
    if (family === 6) asked.push(host);
    return Promise.reject(new DnsError('ENOTFOUND', family === 6 ? 'AAAA' : 'A', host));
  });
  const look = async (...hosts: string[]): Promise<void> => {
    records.splice(0, records.length, ...hosts.map((host) => record(host, 0)));
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(200_000);
    channel.resolver.destroy();
  };
  await look('a');
  await look('b');
  asked.length = 0;
  // Of the two, only one that is remembered would have to wait for its turn.
  await look('a', 'c');
  expect(asked.slice(0, 2)).toEqual(['a', 'c']);
});

it('a record whose host has control characters in its name costs that record only', async () => {
  const dns = await DnsServer.start();
  dns.setSrv(SERVICE, [
    { target: 'good.echo.test', port: 1 },
    { target: 'a\u001b[2K\nb.echo.test', port: 1 },
  ]);
  dns.setHost('good.echo.test', ['10.0.0.1']);
  const { endpoints, note } = await probe(dns).ask();
  expect(endpoints).toEqual(['10.0.0.1:1']);
  expect(note).toMatch(/^AAAA look-up of "[^\p{Cc}]*" failed: EBADNAME \(no name of a host\)/u);
});
