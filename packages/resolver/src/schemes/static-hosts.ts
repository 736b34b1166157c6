/**
 * Endpoints of a `static:` target that has host names: looked up with the system's resolver, again when the channel
 * asks. A host that cannot be looked up keeps its last addresses; one that never could drops out with a note. The
 * system's order of a host's addresses holds until there are others: DNS servers rotate them.
 */
import { isIP } from 'node:net';
import { messageOf } from '@petiole/service-config/internal';
import { cutNote, type EndpointBounds, firstAddresses } from '../lookup/bounds.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { summarize } from '../lookup/notes.js';
import { type Getaddrinfo, SystemLookup } from '../lookup/system.js';
import type { CheckedOptions } from '../resolving/options.js';
import type { Look, Lookup } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import type { HostAddress } from '../target/address.js';
import type { Endpoint } from '../target/endpoint.js';
import { hostNames, type StaticTarget } from '../target/static.js';

/** libuv runs at most half of its four threads for `getaddrinfo`; more in flight would only queue there. */
const LOOKUPS_IN_FLIGHT = 32;

/** Options of `registerStaticResolver`. */
export interface StaticResolverOptions
  extends Pick<EndpointBounds, 'maxAddressesPerEndpoint' | 'maxAddresses'> {
  /** Milliseconds after which a look-up of host names is given up, as for the other resolvers. From 10 to 600000. Default 5000. */
  readonly deadline?: number;
}

/** The look-ups of one channel. */
export class StaticHostsLookup implements Lookup {
  readonly #endpoints: StaticTarget['endpoints'];
  readonly #hosts: ReadonlySet<string>;
  readonly #turns = new HostTurns();
  /** Whether there is something to connect to when no look-up succeeds. */
  readonly #hasLiterals: boolean;
  /** How many addresses of a host are used: each address of the target has the same share of them all. */
  readonly #most: number;
  readonly #lookup: SystemLookup;
  /** The last addresses of each host that was ever found. */
  readonly #known = new Map<string, readonly string[]>();

  constructor(
    parsed: StaticTarget,
    bounds: Pick<CheckedOptions, 'maxAddresses' | 'maxAddressesPerEndpoint'>,
    ask: Getaddrinfo,
  ) {
    this.#endpoints = parsed.endpoints;
    this.#hosts = hostNames(parsed);
    this.#hasLiterals = parsed.endpoints.some(({ addresses }) =>
      addresses.some(({ host }) => isIP(host) !== 0),
    );
    const written = parsed.endpoints.reduce((sum, { addresses }) => sum + addresses.length, 0);
    const share = Math.max(1, Math.floor(bounds.maxAddresses / written));
    this.#most = Math.min(bounds.maxAddressesPerEndpoint, share);
    this.#lookup = new SystemLookup(ask);
  }

  async resolve({ signal }: Look): Promise<BoundedResolution> {
    const failures: string[] = [];
    const leftOut: string[] = [];
    await this.#turns.each(this.#hosts, LOOKUPS_IN_FLIGHT, signal, async (host) => {
      try {
        const found = await this.#lookup.lookup(host, signal);
        const before = this.#known.get(host) ?? [];
        if (found.length > this.#most) {
          const ordered = keepPlaces(before, found, (address) => address);
          this.#known.set(host, firstAddresses(ordered, this.#most));
          leftOut.push(cutNote(host, this.#most, found.length));
        } else if (!isSameSet(before, found)) this.#known.set(host, found);
      } catch (error) {
        failures.push(messageOf(error));
      }
    });
    const endpoints = this.#endpoints
      .map(({ addresses }) => expand(addresses, this.#known))
      .filter((endpoint) => endpoint.addresses.length > 0);
    const note = summarize(failures);
    if (failures.length === this.#hosts.size && !this.#hasLiterals) throw new Error(note);
    return { endpoints, note, incomplete: failures.length > 0, leftOut: summarize(leftOut) };
  }
}

/** Whether two lists, each without duplicates, hold the same. */
function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const entries = new Set(left);
  return left.length === right.length && right.every((entry) => entries.has(entry));
}

function expand(addresses: readonly HostAddress[], known: ReadonlyMap<string, readonly string[]>): Endpoint {
  return {
    addresses: addresses.flatMap(({ host, port }) =>
      isIP(host) === 0 ? (known.get(host) ?? []).map((ip) => ({ host: ip, port })) : [{ host, port }],
    ),
  };
}
