/** DNS that is slow: its queries move to a thread, and the thread goes when it is not needed. */
import { setMaxListeners } from 'node:events';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DnsError } from '../src/dns-error.js';
import { type DnsSession, openDnsSession } from '../src/dns-session.js';
import { DnsServer } from './dns-server.js';

/** Longer than queries stay on the main thread. */
const SLOW_MS = 900;
const PATIENCE = { timeout: 10_000 };
const SERVICE = '_grpc._tcp.echo.test';

function open(dns: DnsServer, deadlineMs = 10_000) {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const decisions: string[] = [];
  const session = openDnsSession(dns.address, deadlineMs, controller.signal, (text) =>
    decisions.push(text()),
  );
  onTestFinished(() => controller.abort());
  return { session, decisions, end: () => controller.abort() };
}

function codeOf(query: Promise<unknown>): Promise<string> {
  return query.then(
    () => 'success',
    (error: DnsError) => error.code,
  );
}

/** All that a session asks, with what it says of a name that does not exist and of a server that fails. */
async function everything(session: DnsSession): Promise<unknown> {
  return Promise.all([
    session.srv(SERVICE),
    session.addresses('echo.test', 6),
    session.addresses('echo.test', 4),
    session.txt('echo.test'),
    codeOf(session.srv('missing.test')),
    codeOf(session.addresses('broken.test', 4)),
  ]);
}

async function zone(): Promise<DnsServer> {
  const dns = await DnsServer.start();
  dns.setSrv(SERVICE, [{ target: 'echo.test', port: 50051, priority: 3 }]);
  dns.setHost('echo.test', ['2001:db8::1', '127.0.0.1', '127.0.0.2']);
  dns.setTxt('echo.test', 'one', 'two');
  dns.set('A', 'broken.test', 'SERVFAIL');
  return dns;
}

const QUESTIONS = [
  `SRV ${SERVICE}`,
  'AAAA echo.test',
  'A echo.test',
  'TXT echo.test',
  'SRV missing.test',
  'A broken.test',
];

describe('a DNS session', () => {
  /** The threads that the test has seen start. */
  let threads: Array<{ readonly worker: Worker; readonly ended: Promise<unknown> }> = [];

  beforeEach(() => {
    threads = [];
    const started = (worker: Worker): void => {
      threads.push({ worker, ended: new Promise((resolve) => worker.once('exit', resolve)) });
    };
    process.on('worker', started);
    onTestFinished(() => {
      process.off('worker', started);
    });
  });

  it('gives the same answers from its thread as without', async () => {
    const dns = await zone();
    const quick = await everything(open(dns).session);
    expect(threads).toEqual([]);
    for (const question of QUESTIONS) dns.delay(question, SLOW_MS);
    const { session, decisions } = open(dns);
    expect(await everything(session)).toEqual(quick);
    expect(threads).toHaveLength(1);
    expect(decisions).toEqual([expect.stringContaining('in a thread')]);
  });

  it('shares its thread with the others, and the last one ends it', async () => {
    const dns = await zone();
    dns.set('A', 'silent.test', 'silence');
    const [one, other] = [open(dns), open(dns)];
    const answers = [one, other].map(({ session }) => codeOf(session.addresses('silent.test', 4)));
    await expect.poll(() => [...one.decisions, ...other.decisions], PATIENCE).toHaveLength(2);
    expect(threads).toHaveLength(1);
    one.end();
    dns.delay('A echo.test', SLOW_MS);
    expect(await other.session.addresses('echo.test', 4)).toEqual(['127.0.0.1', '127.0.0.2']);
    other.end();
    expect(await Promise.all(answers)).toEqual(['ECANCELLED', 'ECANCELLED']);
    await threads[0]?.ended;

    expect(await open(dns).session.addresses('echo.test', 4)).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(threads).toHaveLength(2);
  });

  it('does not move for answers that wait to be read behind a busy event loop', async () => {
    const dns = await zone();
    const { session } = open(dns);
    const answer = session.srv(SERVICE);
    await dns.asked(`SRV ${SERVICE}`);
    const busyUntil = performance.now() + 500;
    while (performance.now() < busyUntil);
    expect(await answer).toHaveLength(1);
    expect(await session.addresses('echo.test', 4)).toHaveLength(2);
    expect(threads).toEqual([]);
  });

  it('says so when its thread is ended by somebody else, and the next one gets another', async () => {
    const dns = await zone();
    dns.set('A', 'silent.test', 'silence');
    const broken = open(dns);
    const answer = codeOf(broken.session.addresses('silent.test', 4));
    await expect.poll(() => broken.decisions, PATIENCE).toHaveLength(1);
    await threads[0]?.worker.terminate();
    expect(await answer).toBe('EDESTRUCTION');
    expect(await codeOf(broken.session.addresses('echo.test', 4))).toBe('EDESTRUCTION');

    dns.delay('A echo.test', SLOW_MS);
    expect(await open(dns).session.addresses('echo.test', 4)).toHaveLength(2);
    expect(threads).toHaveLength(2);
  });

  it('keeps to one socket, however much it asks', async () => {
    const dns = await zone();
    const names = Array.from({ length: 64 }, (_, index) => `host-${index}.test`);
    for (const name of names) {
      dns.setHost(name, ['127.0.0.1']);
      dns.delay(`A ${name}`, SLOW_MS);
    }
    const { session, decisions } = open(dns, 60_000); // c-ares opens another socket when a try times out
    expect(await Promise.all(names.map((name) => session.addresses(name, 4)))).toHaveLength(64);
    expect(decisions).toHaveLength(1);
    // One on the main thread and one in the other.
    expect(dns.peers.size).toBeLessThan(10);
  });

  it('cancels what it asked in the thread', async () => {
    const dns = await zone();
    dns.set('A', 'silent.test', 'silence');
    // Keeps the thread, and would ask every second or two.
    const other = open(dns, 20_000);
    const { session, decisions, end } = open(dns);
    const answers = [other, { session }].map((one, index) =>
      codeOf(one.session.addresses(index === 0 ? 'echo.test' : 'silent.test', 4)),
    );
    dns.set('A', 'echo.test', 'silence');
    await expect.poll(() => decisions, PATIENCE).toHaveLength(1);
    await expect.poll(() => dns.count('A silent.test'), PATIENCE).toBeGreaterThanOrEqual(2);
    end();
    expect(await answers[1]).toBe('ECANCELLED');
    const asked = dns.count('A silent.test');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(dns.count('A silent.test')).toBe(asked);
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
