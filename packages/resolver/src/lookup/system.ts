/**
 * Host names through the system's resolver (`getaddrinfo`): /etc/hosts, docker-compose names, search domains.
 * It cannot be cancelled and holds a thread of libuv's pool, so no channel asks for a host that hangs a second time.
 */
import dns from 'node:dns';
import { isIP } from 'node:net';
import { answerOf } from './dns-answer.js';
import type { DnsError } from './dns-error.js';

/** All addresses of a host in the order of the system, or that of `--dns-result-order`; rejects with an error that has a `code`. */
export type Getaddrinfo = (host: string) => Promise<readonly string[]>;

export const getaddrinfo: Getaddrinfo = async (host) => {
  const found = await dns.promises.lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** How old an answer may be that came after its resolution had given up on it. */
const LATE_ANSWER_MS = 30_000;

interface Query {
  readonly answer: Promise<readonly string[]>;
  /** Infinity while it is under way. */
  answeredAt: number;
}

/** The addresses of a host, each once, in the system's order. Rejects with a {@link DnsError}, at the latest when the signal aborts. */
export type LookUpInSystem = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/** One channel's use of the system's resolver. */
export function systemLookup(ask: Getaddrinfo): LookUpInSystem {
  /**
   * Those under way, and those whose answer came too late, for the next resolution: with a dead first name server, glibc
   * takes a little over five seconds for each look-up, and a deadline of five would never see one.
   */
  const queries = new Map<string, Query>();

  const query = (host: string): Promise<readonly string[]> => {
    const before = queries.get(host);
    if (before !== undefined && before.answeredAt > performance.now() - LATE_ANSWER_MS) return before.answer;
    const begun = { answer: ask(host), answeredAt: Number.POSITIVE_INFINITY };
    queries.set(host, begun);
    const forget = (): void => void queries.delete(host);
    begun.answer.then((found) => {
      begun.answeredAt = performance.now();
      if (found.length === 0) forget();
    }, forget);
    return begun.answer;
  };

  return async (host, signal) => {
    const found = await answerOf(() => query(host), 'system', host, signal);
    queries.delete(host);
    return [...new Set(found)];
  };
}

/** IPv6 before IPv4, otherwise in order. */
export function ipv6First(addresses: readonly string[]): string[] {
  return addresses.toSorted((left, right) => isIP(right) - isIP(left));
}
