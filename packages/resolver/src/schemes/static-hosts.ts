/**
 * Endpoints of a `static:` target that has host names: looked up with the system's resolver, again when the channel
 * asks. A host that cannot be looked up keeps its last addresses; one that never could drops out with a note. The
 * system's order of a host's addresses holds until there are others: DNS servers rotate them.
 */
import { isIP } from 'node:net';
import { messageOf } from '@petiole/service-config/internal';
import { cutNote, type EndpointBounds, firstAddresses, NO_BOUND } from '../lookup/bounds.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { summarize } from '../lookup/notes.js';
import { type Getaddrinfo, SystemLookup } from '../lookup/system.js';
import type { PollingOptions } from '../resolving/options.js';
import { PollingResolver, type ResolutionAttempt } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import type { HostAddress } from '../target/address.js';
import type { Endpoint } from '../target/endpoint.js';
import type { StaticTarget } from '../target/static.js';
import type { ResolverClass } from './registration.js';

/** The tracer of all `static:` targets. */
export const STATIC_TRACER = 'static_resolver';

/** libuv runs at most half of its four threads for `getaddrinfo`; more in flight would only queue there. */
const LOOKUPS_IN_FLIGHT = 32;

/** Options of `registerStaticResolver`. */
export interface StaticResolverOptions
  extends Pick<EndpointBounds, 'maxAddressesPerEndpoint' | 'maxAddresses'> {
  /** Milliseconds after which a look-up of host names is given up, as for a `PollingResolver`. From 10 to 600000. Default 5000. */
  readonly deadline?: number;
}

/** See above. */
export class StaticHostsResolver extends PollingResolver {
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
    options: Required<PollingOptions>,
    ask: Getaddrinfo,
    ...[target, listener, channelOptions]: ConstructorParameters<ResolverClass>
  ) {
    super(target, listener, channelOptions, {
      deadline: options.deadline,
      refreshInterval: Number.POSITIVE_INFINITY,
      keepOrder: false, // the target has the order of endpoints, #known that of a host's addresses
      tracer: STATIC_TRACER,
      // What the target itself lists is the program's own, and all of it counts.
      maxEndpoints: NO_BOUND,
      maxAddressesPerEndpoint: NO_BOUND,
    });
    this.#endpoints = parsed.endpoints;
    this.#hosts = hostNames(parsed);
    this.#hasLiterals = parsed.endpoints.some(({ addresses }) =>
      addresses.some(({ host }) => isIP(host) !== 0),
    );
    const written = parsed.endpoints.reduce((sum, { addresses }) => sum + addresses.length, 0);
    const share = Math.max(1, Math.floor(options.maxAddresses / written));
    this.#most = Math.min(options.maxAddressesPerEndpoint, share);
    this.#lookup = new SystemLookup(ask);
  }

  protected override async resolve({ signal }: ResolutionAttempt): Promise<BoundedResolution> {
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

/** The host names of a target. */
export function hostNames(target: StaticTarget): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { addresses } of target.endpoints) {
    for (const { host } of addresses) if (isIP(host) === 0) names.add(host);
  }
  return names;
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
