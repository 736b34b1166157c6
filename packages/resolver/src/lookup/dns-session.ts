/**
 * DNS queries of one resolution, through a c-ares resolver of its own: its servers are nobody else's, and cancelling
 * it cancels all that it asked. `dns.Resolver` asks the network only; /etc/hosts and search domains do not count.
 */
import dns, { type SrvRecord } from 'node:dns';
import { answerOf } from './dns-answer.js';
import type { DnsError } from './dns-error.js';

export type Family = 4 | 6;

/** What the DNS resolvers ask. Every promise rejects with a {@link DnsError}, at the latest when the signal aborts. */
export interface DnsSession {
  srv(name: string): Promise<readonly SrvRecord[]>;
  addresses(host: string, family: Family): Promise<readonly string[]>;
  /** Each record's strings joined. */
  txt(name: string): Promise<readonly string[]>;
}

/** Opens a session that ends with the signal. `server` as `parseDnsServer` gives it; undefined: the system's. */
export type OpenDnsSession = (
  server: string | undefined,
  deadlineMs: number,
  signal: AbortSignal,
) => DnsSession;

/**
 * Tries that fit into the deadline; c-ares by itself goes on for about 25 s. Each server is tried `tries` times, with a
 * timeout that doubles, and Node looks at the clock once per timeout only, so that each try may last one more: ten
 * timeouts for one server (1 + 2 + 4, and 3) and for two (twice 1 + 2, and 4), 15 for three; a sixth more is spare.
 */
function tries(servers: number, deadlineMs: number): { timeout: number; tries: number } {
  const timeout = Math.floor(deadlineMs / (6 * Math.max(2, servers)));
  return { timeout: Math.max(1, timeout), tries: servers > 1 ? 2 : 3 };
}

export const openDnsSession: OpenDnsSession = (server, deadlineMs, signal) => {
  // Its promises are loaded when they are asked for.
  const resolver = new dns.promises.Resolver(
    tries(server === undefined ? dns.getServers().length : 1, deadlineMs),
  );
  if (server !== undefined) resolver.setServers([server]);
  signal.addEventListener('abort', () => resolver.cancel(), { once: true });

  return {
    srv: (name) => answerOf(() => resolver.resolveSrv(name), 'SRV', name, signal),
    addresses: (host, family) =>
      family === 6
        ? answerOf(() => resolver.resolve6(host), 'AAAA', host, signal)
        : answerOf(() => resolver.resolve4(host), 'A', host, signal),
    txt: async (name) => {
      const records = await answerOf(() => resolver.resolveTxt(name), 'TXT', name, signal);
      return records.map((strings) => strings.join(''));
    },
  };
};
