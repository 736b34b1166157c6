/**
 * Host names through the system's resolver (`getaddrinfo`): /etc/hosts, docker-compose names, search domains.
 * It cannot be cancelled and holds a thread of libuv's pool, so no channel asks for a host that hangs a second time.
 */
import { promises as dns } from 'node:dns';
import { isIPv6 } from 'node:net';
import { DnsError } from './dns-error.js';
import { untilAborted } from './until-aborted.js';

/** All addresses of a host in the system's order; rejects with an error that has a `code`. */
export type Getaddrinfo = (host: string) => Promise<readonly string[]>;

/** The real one. */
export const getaddrinfo: Getaddrinfo = async (host) => {
  const found = await dns.lookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/** How old an answer may be that came after its resolution had given up on it. */
const LATE_ANSWER_MS = 30_000;

/** One channel's use of the system's resolver. */
export class SystemLookup {
  readonly #getaddrinfo: Getaddrinfo;
  /**
   * Answers that came too late, for the next resolution: with a dead first name server, glibc takes a little over five
   * seconds for each look-up, and a deadline of five would never see one.
   */
  readonly #late = new Map<string, { readonly at: number; readonly found: readonly string[] }>();
  /** Look-ups under way, also those whose resolution gave up on them. */
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor(ask: Getaddrinfo) {
    this.#getaddrinfo = ask;
  }

  /**
   * The addresses of a host: IPv6 first, in the system's order within a family, each once.
   * Rejects with a {@link DnsError}, at the latest when the signal aborts.
   */
  async lookup(host: string, signal: AbortSignal): Promise<readonly string[]> {
    if (signal.aborted) throw new DnsError('ECANCELLED', 'system', host);
    const late = this.#late.get(host);
    this.#late.delete(host);
    if (late !== undefined && performance.now() - late.at < LATE_ANSWER_MS) return late.found;
    let pending = this.#pending.get(host);
    if (pending === undefined) {
      pending = this.#getaddrinfo(host).finally(() => this.#pending.delete(host));
      this.#pending.set(host, pending);
    }
    let found: readonly string[];
    try {
      found = await untilAborted(pending, signal);
    } catch (error) {
      if (signal.aborted) pending.then((answer) => this.#keep(host, answer), ignore);
      throw DnsError.from(error, 'system', host);
    }
    this.#late.delete(host); // the same answer, where an earlier resolution had given up on it
    if (found.length === 0) throw new DnsError('ENODATA', 'system', host);
    return ipv6First(found);
  }

  #keep(host: string, found: readonly string[]): void {
    if (found.length > 0) this.#late.set(host, { at: performance.now(), found: ipv6First(found) });
  }
}

function ignore(): void {}

/** IPv6 before IPv4, otherwise in order, each once. */
export function ipv6First(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  return [...unique.filter((address) => isIPv6(address)), ...unique.filter((address) => !isIPv6(address))];
}
