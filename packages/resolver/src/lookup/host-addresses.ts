/**
 * The addresses of hosts over DNS, AAAA and A side by side, with a memory: what could not be asked this time
 * keeps its last answer, and what is still there its place, family by family.
 */
import { isIPv6 } from 'node:net';
import { cutNote, firstAddresses } from './bounds.js';
import { DnsError } from './dns-error.js';
import type { DnsSession, Family } from './dns-session.js';
import { keepPlaces } from './keep-places.js';

export interface HostAnswer {
  /** IPv6 first. Never empty, unless `failures` says why. */
  readonly addresses: readonly string[];
  /** Whether DNS gave any of them this time; otherwise all are remembered. */
  readonly isFresh: boolean;
  /** What could not be looked up; a family that does not exist is no failure when the other does. */
  readonly failures: readonly string[];
  /** Why there are fewer addresses than DNS gave; empty when all are there. */
  readonly leftOut: string;
}

type Known = Readonly<Record<Family, readonly string[]>>;

/** One channel's memory of hosts. */
export class HostAddresses {
  readonly #families: readonly Family[];
  readonly #most: number;
  #known = new Map<string, Known>();

  /** @param most how many addresses of a host are used; those that were there before count first. */
  constructor(families: readonly Family[], most: number) {
    this.#families = families;
    this.#most = most;
  }

  /** Asks for a host. Never rejects. */
  async lookup(host: string, session: DnsSession): Promise<HostAnswer> {
    const before = this.#known.get(host);
    const answers = await Promise.all(
      this.#families.map(async (family) => {
        try {
          const found = await session.addresses(host, family);
          return { family, addresses: keepPlaces(before?.[family] ?? [], found, (address) => address) };
        } catch (error) {
          return { family, error: DnsError.from(error, family === 6 ? 'AAAA' : 'A', host) };
        }
      }),
    );
    const nothingThere = answers.every((answer) => answer.error?.isDefinite);
    const known: Record<Family, readonly string[]> = { 4: [], 6: [] };
    const failures: string[] = [];
    for (const { family, addresses, error } of answers) {
      if (addresses !== undefined) known[family] = addresses;
      else if (nothingThere || !error.isDefinite) {
        failures.push(error.message);
        known[family] = before?.[family] ?? [];
      }
    }
    const found = [...known[6], ...known[4]];
    const addresses = firstAddresses(found, this.#most);
    if (addresses.length > 0) {
      const ofIPv6 = addresses.filter((address) => isIPv6(address)).length;
      this.#known.set(host, { 6: addresses.slice(0, ofIPv6), 4: addresses.slice(ofIPv6) });
    }
    return {
      addresses,
      isFresh: answers.some((answer) => answer.addresses !== undefined),
      failures: nothingThere ? failures.slice(0, 1) : failures,
      leftOut: cutNote(host, addresses.length, found.length),
    };
  }

  /** Forgets the hosts that are not in use any more. */
  retain(hosts: ReadonlySet<string>): void {
    for (const host of this.#known.keys()) if (!hosts.has(host)) this.#known.delete(host);
  }
}
