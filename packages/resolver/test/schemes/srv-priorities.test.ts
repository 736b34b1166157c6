/** Which SRV priority is looked up, and which counts. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DnsError } from '../../src/lookup/dns-error.js';
import { DnsServer, type ZoneEntry } from '../support/dns-server.js';
import { FAST, injected, ONCE, probe, record, SERVICE } from '../support/srv-probe.js';

describe('srv: with several priorities', () => {
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
    const { endpoints, note } = await probe(dns, { ...ONCE, deadline: 600 }).ask();
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
});
