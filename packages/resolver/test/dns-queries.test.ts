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

async function session() {
  const dns = await DnsServer.start();
  dns.set('A', 'silent.test', 'silence');
  dns.set('A', 'broken.test', 'SERVFAIL');
  dns.setHost('echo.test', ['127.0.0.1']);
  const controller = new AbortController();
  const settings = { server: dns.address, timeout: 60_000, tries: 1 };
  const ask = openQueries(settings, controller.signal, () => {});
  onTestFinished(() => controller.abort());
  return { ask, controller };
}

/** A session with a query under way that nobody answers. */
async function waiting() {
  const { ask, controller } = await session();
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

it('a query that begins when none is under way has all the ticks, also after one that was slow to fail', async () => {
  const { ask } = await session();
  for (let query = 0; query < 2; query += 1) {
    const answer = ask('resolve4', 'broken.test');
    vi.advanceTimersByTime(4 * TICK_MS);
    await expect(answer).rejects.toMatchObject({ code: 'ESERVFAIL' });
  }
  expect(openInThread).not.toHaveBeenCalled();
});

it('a session moves once, also when further queries are slow while the thread starts', async () => {
  vi.mocked(openInThread).mockReturnValueOnce(new Promise(() => {}));
  const { ask } = await session();
  for (let query = 0; query < 2; query += 1) {
    const answer = ask('resolve4', 'echo.test');
    vi.advanceTimersByTime(5 * TICK_MS);
    expect(await answer).toEqual(['127.0.0.1']);
  }
  expect(openInThread).toHaveBeenCalledTimes(1);
});
