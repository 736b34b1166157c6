import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DnsError } from '../src/dns-error.js';
import type { Family } from '../src/dns-session.js';
import { createSrvResolverClass, type SrvResolverOptions } from '../src/srv-resolver.js';
import { DnsServer, type ZoneEntry } from './dns-server.js';
import { type ListenerCall, Probe } from './probe.js';
import { updatesFromNow } from './update-log.js';

const NAME = 'echo.test';
const SERVICE = `_grpc._tcp.${NAME}`;
const FAST = { refreshInterval: 100 };
/** One look only, so that a test sees what it asked for. */
const ONCE = { refreshInterval: Number.POSITIVE_INFINITY };

function probe(dns: DnsServer, options: SrvResolverOptions = ONCE, channelOptions = {}): Probe {
  return new Probe(createSrvResolverClass(options), `srv://${dns.address}/${SERVICE}`, {
    'grpc.dns_min_time_between_resolutions_ms': 100,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 50,
    ...channelOptions,
  });
}

const record = (name: string, priority: number) => ({ name, port: 1, priority, weight: 0 });

/** A channel of which the test answers the look-ups itself. */
function injected(
  records: ReadonlyArray<ReturnType<typeof record>>,
  addresses: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>,
): Probe {
  const resolverClass = createSrvResolverClass(ONCE, (_server, _deadline, signal) => ({
    srv: () => Promise.resolve(records),
    addresses: (host, family) => addresses(host, family, signal),
    txt: (name) => Promise.reject(new DnsError('ENOTFOUND', 'TXT', name)),
  }));
  return new Probe(resolverClass, `srv:${SERVICE}`);
}

describe('srv:', () => {
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

  describe('with several priorities', () => {
    const standby = (dns: DnsServer, ...mains: string[]): void => {
      dns.setSrv(SERVICE, [
        { target: 'standby.echo.test', port: 1, priority: 20 },
        ...mains.map((target) => ({ target: `${target}.echo.test`, port: 1, priority: 10 })),
      ]);
      dns.setHost('standby.echo.test', ['10.0.0.20']);
    };
    const both = (dns: DnsServer, host: string, entry: ZoneEntry): void => {
      for (const type of ['A', 'AAAA']) dns.set(type, host, entry);
    };

    it('does not ask for the hosts of a priority that is not needed', async () => {
      const dns = await DnsServer.start();
      standby(dns, 'main');
      dns.setHost('main.echo.test', ['10.0.0.10']);
      expect((await probe(dns).ask()).endpoints).toEqual(['10.0.0.10:1']);
      expect(dns.count('A standby.echo.test')).toBe(0);
    });

    it('takes the next one also when DNS is silent about the best, however many there are', async () => {
      const dns = await DnsServer.start();
      dns.setSrv(SERVICE, [
        { target: 'main.echo.test', port: 1, priority: 1 },
        { target: 'second.echo.test', port: 1, priority: 2 },
        { target: 'third.echo.test', port: 1, priority: 3 },
        { target: 'fourth.echo.test', port: 1, priority: 4 },
      ]);
      for (const host of ['main', 'second', 'third']) both(dns, `${host}.echo.test`, 'silence');
      dns.setHost('fourth.echo.test', ['10.0.0.4']);
      const { endpoints, note } = await probe(dns, { ...ONCE, deadline: 1500 }).ask();
      expect(endpoints).toEqual(['10.0.0.4:1']);
      for (const host of ['main', 'second', 'third']) expect(note).toContain(`"${host}.echo.test" failed`);
    });

    it('fails over after a success too, and comes back', async () => {
      const dns = await DnsServer.start();
      standby(dns, 'main');
      dns.setHost('main.echo.test', ['10.0.0.10']);
      const channel = probe(dns, FAST);
      expect((await channel.ask()).endpoints).toEqual(['10.0.0.10:1']);
      both(dns, 'main.echo.test', 'SERVFAIL');
      expect((await channel.next()).endpoints).toEqual(['10.0.0.20:1']);
      dns.setHost('main.echo.test', ['10.0.0.10']);
      expect((await channel.next()).endpoints).toEqual(['10.0.0.10:1']);
    });

    it('stays with one of which a host resolves; its failing hosts keep their last addresses', async () => {
      const dns = await DnsServer.start();
      standby(dns, 'a', 'b');
      dns.setHost('a.echo.test', ['10.0.0.1']);
      dns.setHost('b.echo.test', ['10.0.0.2']);
      const channel = probe(dns);
      await channel.ask();
      both(dns, 'a.echo.test', 'NXDOMAIN');
      expect((await channel.ask()).endpoints?.toSorted()).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
      both(dns, 'b.echo.test', 'SERVFAIL');
      expect((await channel.next()).endpoints).toEqual(['10.0.0.20:1']);
      dns.setHost('b.echo.test', ['10.0.0.2']);
      expect((await channel.next()).endpoints?.toSorted()).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
    });

    it('keeps the addresses that are in use when no host of any resolves', async () => {
      const dns = await DnsServer.start();
      standby(dns, 'main');
      dns.setHost('main.echo.test', ['10.0.0.10']);
      const channel = probe(dns);
      await channel.ask();
      both(dns, 'standby.echo.test', 'SERVFAIL');
      both(dns, 'main.echo.test', 'SERVFAIL');
      expect((await channel.ask()).endpoints).toEqual(['10.0.0.10:1']);
      dns.setHost('standby.echo.test', ['10.0.0.20']);
      expect((await channel.next()).endpoints).toEqual(['10.0.0.20:1']);
      both(dns, 'standby.echo.test', 'SERVFAIL');
      await channel.ask(); // may be served by a look that began before
      expect((await channel.ask()).endpoints).toEqual(['10.0.0.20:1']);
    });

    it('has at most 32 hosts in flight, also with more priorities than that', async () => {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      let inFlight = 0;
      let most = 0;
      const records = Array.from({ length: 100 }, (_, priority) => record(`h${priority}`, priority));
      const channel = injected(
        records,
        (name, family, signal) =>
          new Promise((_resolve, reject) => {
            if (family === 4) inFlight += 1;
            most = Math.max(most, inFlight);
            signal.addEventListener('abort', () => {
              if (family === 4) inFlight -= 1;
              reject(new DnsError('ECANCELLED', 'A', name));
            });
            if (signal.aborted) reject(new DnsError('ECANCELLED', 'A', name));
          }),
      );
      channel.resolver.updateResolution();
      await vi.advanceTimersByTimeAsync(4999);
      expect(most).toBe(32);
      await vi.advanceTimersByTimeAsync(10);
      expect(channel.calls[0]?.error?.details).toContain('look-up of "h0" failed: ECANCELLED');
    });

    it('prefers the best one, though it is the slowest, with at most 32 hosts in flight', async () => {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      let inFlight = 0;
      let most = 0;
      const records = [10, 20, 30].flatMap((priority) =>
        Array.from({ length: 40 }, (_, index) => record(`${priority}-${index}`, priority)),
      );
      const channel = injected(
        records,
        (name, family, signal) =>
          new Promise((resolve, reject) => {
            inFlight += 1;
            most = Math.max(most, inFlight);
            const [priority, index] = name.split('-');
            const end = (settle: () => void): void => {
              inFlight -= 1;
              settle();
            };
            const fail = (): void => end(() => reject(new DnsError('ECANCELLED', 'A', name)));
            if (signal.aborted) return fail();
            signal.addEventListener('abort', fail);
            if (priority === '30') return;
            const found = family === 4 ? [`10.0.${priority}.${index}`] : [`fd00::${priority}:${index}`];
            setTimeout(
              () => {
                signal.removeEventListener('abort', fail);
                end(() => resolve(found));
              },
              priority === '10' ? 4000 : 10,
            );
          }),
      );
      channel.resolver.updateResolution();
      await vi.advanceTimersByTimeAsync(5100);
      expect(channel.calls[0]?.endpoints?.[0]).toBe('[fd00::10:0]:1+10.0.10.0:1');
      expect(channel.calls[0]?.endpoints?.every((endpoint) => endpoint.includes('+10.0.10.'))).toBe(true);
      expect(most).toBeLessThanOrEqual(64); // two families each
    });
  });

  it.each([1, 16])(
    'finds all in the end when the deadline is too short, of %i priorities',
    async (priorities) => {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      const best = Array.from({ length: 100 }, (_, index) => record(`h${index}`, 0));
      const others = Array.from({ length: priorities - 1 }, (_, index) => record(`other${index}`, index + 1));
      const channel = injected(
        [...others, ...best],
        (name, family, signal) =>
          new Promise((resolve, reject) => {
            const fail = (code: string): void => reject(new DnsError(code, 'A', name));
            const cancel = (): void => fail('ECANCELLED');
            if (signal.aborted) cancel();
            signal.addEventListener('abort', cancel);
            setTimeout(() => (family === 4 ? resolve([`10.0.0.${name.slice(1)}`]) : fail('ENODATA')), 2000);
          }),
      );
      channel.resolver.updateResolution();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(channel.calls.at(-1)?.endpoints?.toSorted()).toEqual(
        best.map(({ name }) => `10.0.0.${name.slice(1)}:1`).toSorted(),
      );
    },
  );

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
    const { error } = await probe(dns, { ...ONCE, deadline: 3000 }).ask();
    expect(error?.details).toContain('failed: ETIMEOUT (the DNS server did not answer in time)');
    // Once or twice, and three times from the thread that the query moves to.
    expect(dns.count(`SRV ${SERVICE}`)).toBeGreaterThanOrEqual(4);
    expect(dns.count(`SRV ${SERVICE}`)).toBeLessThanOrEqual(5);
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
    const channel = new Probe(createSrvResolverClass({ deadline: 1500 }), `srv://${dns.address}/${SERVICE}`);
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
    const channel = injected(hosts, async (host, family) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await Promise.resolve();
      inFlight -= 1;
      const index = Number(host.slice(1));
      return [family === 6 ? `fd00::${index.toString(16)}` : `10.0.${index >> 8}.${index & 255}`];
    });
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
    });
    dns.setTxt(`_grpc_config.${NAME}`, text.slice(0, 40), text.slice(40));
    const { serviceConfig, attributes } = await probe(dns).ask();
    expect(serviceConfig).toEqual({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{ name: [{}], timeout: { seconds: 0, nanos: 500_000_000 } }],
    });
    expect(attributes['grpc.internal.no_subchannel.petiole.health_check_service_name']).toBe('echo');
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

  it('reaches the channel when it alone changes', async () => {
    const dns = await withHost();
    const channel = probe(dns, FAST);
    expect((await channel.ask()).serviceConfig).toBeNull();
    dns.setTxt(`_grpc_config.${NAME}`, config({ loadBalancingConfig: [{ round_robin: {} }] }));
    expect((await channel.next()).serviceConfig?.loadBalancingConfig).toEqual([{ round_robin: {} }]);
  });
});
