/** The queries of a session, which do not keep the process alive for longer than a moment. */
import { promises as dns } from 'node:dns';
import { type Ask, type DnsSettings, openInThread } from './dns-thread.js';

/**
 * Queries may keep a process that has nothing else to do for five ticks, 250 ms, without an answer. Then they are asked
 * again in a thread that keeps nothing; DNS that is well answers before that, and costs no thread. A stretch in which the event loop is
 * busy counts for one tick: no answer can be read in it.
 */
const TICK_MS = 50;
const TICKS = 5;

/** What is asked is cancelled when the signal aborts, which it must not have yet. `onMove`: the thread has taken over. */
export function openQueries(settings: DnsSettings, signal: AbortSignal, onMove: () => void): Ask {
  const { server, timeout, tries } = settings;
  const resolver = new dns.Resolver({ timeout, tries });
  if (server !== undefined) resolver.setServers([server]);
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });

  let underWay = 0;
  let ticks = 0;
  let timer: NodeJS.Timeout | undefined;
  let isMoving = false;

  const onMain: Ask = async (method, name) => {
    underWay += 1;
    if (underWay === 1) watch();
    try {
      const records = await resolver[method](name);
      ticks = 0; // many questions take long together, although DNS is well
      return records;
    } finally {
      underWay -= 1;
      if (underWay === 0) clearInterval(timer);
    }
  };
  let current = onMain;

  function watch(): void {
    ticks = 0;
    timer = setInterval(() => {
      ticks += 1;
      if (ticks === TICKS) void move();
    }, TICK_MS).unref();
  }

  async function move(): Promise<void> {
    // A busy loop runs the timers of the abort and of the last tick in one turn.
    if (isMoving || signal.aborted) return;
    isMoving = true;
    const inThread = await openInThread(settings, signal);
    if (inThread === undefined || signal.aborted) return;
    current = inThread;
    resolver.cancel();
    onMove();
  }

  return async (method, name) => {
    const ask = current;
    try {
      return await ask(method, name);
    } catch (error) {
      if (ask === current || signal.aborted) throw error;
      return current(method, name);
    }
  };
}
