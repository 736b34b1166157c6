/** What one resolution asks of DNS, and how that ends. */
import { setMaxListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DnsError } from '../../src/lookup/dns-error.js';
import { type DnsSession, openDnsSession } from '../../src/lookup/dns-session.js';
import { DnsServer } from '../support/dns-server.js';

const SERVICE = '_grpc._tcp.echo.test';

function open(dns: DnsServer, deadlineMs = 10_000): { session: DnsSession; end: () => void } {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  onTestFinished(() => controller.abort());
  return {
    session: openDnsSession(dns.address, deadlineMs, controller.signal),
    end: () => controller.abort(),
  };
}

function codeOf(query: Promise<unknown>): Promise<string> {
  return query.then(
    () => 'success',
    (error: DnsError) => error.code,
  );
}

describe('a DNS session', () => {
  it('gives records, and the code of what failed', async () => {
    const dns = await DnsServer.start();
    dns.setSrv(SERVICE, [{ target: 'echo.test', port: 50051, priority: 3 }]);
    dns.setHost('echo.test', ['2001:db8::1', '127.0.0.1', '127.0.0.2']);
    dns.setTxt('echo.test', 'one', 'two');
    dns.set('A', 'broken.test', 'SERVFAIL');
    const { session } = open(dns);
    expect(await session.srv(SERVICE)).toMatchObject([{ name: 'echo.test', port: 50051, priority: 3 }]);
    expect(await session.addresses('echo.test', 6)).toEqual(['2001:db8::1']);
    expect(await session.addresses('echo.test', 4)).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(await session.txt('echo.test')).toEqual(['onetwo']);
    expect(await codeOf(session.srv('missing.test'))).toBe('ENOTFOUND');
    expect(await codeOf(session.addresses('broken.test', 4))).toBe('ESERVFAIL');
  });

  it('keeps to one socket, however much it asks', async () => {
    const dns = await DnsServer.start();
    const names = Array.from({ length: 64 }, (_, index) => `host-${index}.test`);
    for (const name of names) dns.setHost(name, ['127.0.0.1']);
    const { session } = open(dns, 60_000); // c-ares opens another socket when a try times out
    expect(await Promise.all(names.map((name) => session.addresses(name, 4)))).toHaveLength(64);
    expect(dns.peers.size).toBeLessThan(10);
  });

  it('ends at once with its signal, and asks nothing any more', async () => {
    const dns = await DnsServer.start();
    dns.set('A', 'silent.test', 'silence');
    dns.set('A', 'other.test', 'silence');
    const { session, end } = open(dns, 600); // a try waits for 50 ms
    const answer = codeOf(session.addresses('silent.test', 4));
    await dns.asked('A silent.test');
    end();
    expect(await answer).toBe('ECANCELLED');
    expect(await codeOf(session.addresses('silent.test', 4))).toBe('ECANCELLED');
    // As long as another session goes on to ask, this one would have.
    expect(await codeOf(open(dns, 600).session.addresses('other.test', 4))).toBe('ETIMEOUT');
    expect(dns.count('A other.test')).toBe(3);
    expect(dns.count('A silent.test')).toBe(1);
  });
});

describe('a DNS error', () => {
  it('has its code also from another realm, as under Jest', () => {
    const foreign = runInNewContext("Object.assign(new Error('queryA'), { code: 'ENODATA' })");
    const error = DnsError.from(foreign, 'A', 'echo.test');
    expect(error.message).toBe('A look-up of "echo.test" failed: ENODATA (the name has no such record)');
    expect(error.isDefinite).toBe(true);
  });
});
