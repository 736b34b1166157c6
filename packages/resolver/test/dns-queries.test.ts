/** When the queries of a session move to the thread, tick by tick; the thread itself is in dns-session.test.ts. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { openQueries } from '../src/dns-queries.js';
import { openInThread } from '../src/dns-thread.js';
import { DnsServer } from './dns-server.js';

vi.mock('../src/dns-thread.js', () => ({ openInThread: vi.fn(() => Promise.resolve(undefined)) }));

const TICK_MS = 50;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

/** A session with a query under way that nobody answers. */
async function waiting() {
  const dns = await DnsServer.start();
  dns.set('A', 'silent.test', 'silence');
  dns.setHost('echo.test', ['127.0.0.1']);
  const controller = new AbortController();
  const settings = { server: dns.address, timeout: 60_000, tries: 1 };
  const ask = openQueries(settings, controller.signal, () => {});
  onTestFinished(() => controller.abort());
  ask('resolve4', 'silent.test').catch(() => {});
  return { ask, controller };
}

it('DNS that answers some is not slow, however long it takes for all', async () => {
  const { ask } = await waiting();
  vi.advanceTimersByTime(4 * TICK_MS);
  expect(await ask('resolve4', 'echo.test')).toEqual(['127.0.0.1']);
  vi.advanceTimersByTime(4 * TICK_MS);
  expect(openInThread).not.toHaveBeenCalled();
  vi.advanceTimersByTime(TICK_MS);
  expect(openInThread).toHaveBeenCalledTimes(1);
});

it('a session that is over opens nothing in the thread, which would never end', async () => {
  const { controller } = await waiting();
  vi.advanceTimersByTime(4 * TICK_MS);
  // A busy loop runs both in one turn.
  controller.abort();
  vi.advanceTimersByTime(TICK_MS);
  expect(openInThread).not.toHaveBeenCalled();
});
