/**
 * The resolver of `static:` targets. Host names are looked up with the system's resolver, again when the channel asks. A
 * host that cannot be looked up keeps its last addresses; one that never could drops out with a note.
 */
import { isDeepStrictEqual } from 'node:util';
import { attributesOf, endpointKey, messageOf, withAttributes } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { cutNote, type EndpointBounds, firstAddresses, NO_BOUND } from '../lookup/bounds.js';
import { HostTurns } from '../lookup/host-turns.js';
import { keepPlaces } from '../lookup/keep-places.js';
import { summarize } from '../lookup/notes.js';
import { type Getaddrinfo, getaddrinfo, ipv6First, systemLookup } from '../lookup/system.js';
import { constant } from '../resolving/follower.js';
import { type CheckedOptions, checkOptions } from '../resolving/options.js';
import { type Look, type Lookup, Polling } from '../resolving/polling.js';
import type { BoundedResolution } from '../resolving/resolution.js';
import { type EndpointInput, toEndpoints } from '../target/endpoint.js';
import { assertOptions } from '../target/objects.js';
import {
  hostNames,
  parseStaticTarget,
  STATIC_SCHEME,
  type StaticTarget,
  staticAuthority,
} from '../target/static-target.js';
import { schemeResolver } from './scheme.js';

/** libuv runs at most half of its four threads for `getaddrinfo`; more in flight would only queue there. */
const LOOKUPS_IN_FLIGHT = 32;

/** Options of `registerStaticResolver`. */
export interface StaticResolverOptions
  extends Pick<EndpointBounds, 'maxAddressesPerEndpoint' | 'maxAddresses'> {
  /** Milliseconds after which a look-up of host names is given up, as for the other resolvers. From 10 to 600000. Default 5000. */
  readonly deadline?: number;
  /**
   * What is known of endpoints that targets name: `[{ addresses: ['10.0.0.1:50051'], attributes: { zone: 'a' } }]`. They
   * are found by their addresses as the target has them, in any order.
   */
  readonly endpoints?: readonly EndpointInput[];
}

function lookUpHosts(
  endpoints: StaticTarget['endpoints'],
  hosts: ReadonlySet<string>,
  bounds: CheckedOptions,
  ask: Getaddrinfo,
): Lookup {
  const written = endpoints.flatMap(({ addresses }) => addresses);
  const hasLiterals = written.some(({ host }) => !hosts.has(host));
  /** How many addresses of a host are used: each address of the target has the same share of them all. */
  const share = Math.max(1, Math.floor(bounds.maxAddresses / written.length));
  const most = Math.min(bounds.maxAddressesPerEndpoint, share);
  const lookUpInSystem = systemLookup(ask);
  const turns = new HostTurns();
  /** The last addresses of each host that was ever found. */
  const known = new Map<string, readonly string[]>();

  return {
    async resolve({ signal }: Look): Promise<BoundedResolution> {
      const failures: string[] = [];
      const leftOut: string[] = [];
      await turns.each(hosts, LOOKUPS_IN_FLIGHT, signal, async (host) => {
        try {
          const found = ipv6First(await lookUpInSystem(host, signal));
          const before = known.get(host) ?? [];
          if (found.length > most) {
            const ordered = keepPlaces(before, found, (address) => address);
            known.set(host, firstAddresses(ordered, most));
            leftOut.push(cutNote(host, most, found.length));
            // The system's order holds until there are other addresses: DNS servers rotate them.
          } else if (!isDeepStrictEqual(new Set(before), new Set(found))) known.set(host, found);
        } catch (error) {
          failures.push(messageOf(error));
        }
      });
      const note = summarize(failures);
      if (failures.length === hosts.size && !hasLiterals) throw new Error(note);
      const found = endpoints.map((endpoint) => ({
        ...endpoint,
        addresses: endpoint.addresses.flatMap(({ host, port }) => {
          const ips = hosts.has(host) ? (known.get(host) ?? []) : [host];
          return ips.map((ip) => ({ host: ip, port }));
        }),
      }));
      return {
        endpoints: found.filter(({ addresses }) => addresses.length > 0),
        note,
        incomplete: failures.length > 0,
        leftOut: summarize(leftOut),
      };
    },
  };
}

const OPTIONS = ['deadline', 'maxAddressesPerEndpoint', 'maxAddresses', 'endpoints'] as const;

/** Makes the class that grpc-js is given; tests bring their own look-up. */
export function createStaticResolverClass(
  options: StaticResolverOptions = {},
  ask: Getaddrinfo = getaddrinfo,
): ResolverClass {
  assertOptions(options, 'registerStaticResolver: its options', OPTIONS);
  const bounds = checkOptions(options);
  const known = new Map(
    toEndpoints(options.endpoints ?? []).map((each) => [endpointKey(each), attributesOf(each)]),
  );
  const polling = checkOptions({
    deadline: bounds.deadline,
    refreshInterval: Number.POSITIVE_INFINITY,
    keepOrder: false, // the target has the order of endpoints, the look-up that of a host's addresses
    // What the target itself lists is the program's own, and all of it counts.
    maxEndpoints: NO_BOUND,
    maxAddressesPerEndpoint: NO_BOUND,
  });
  return schemeResolver({
    name: STATIC_SCHEME,
    tracer: 'static_resolver',
    parse: (uri) => {
      const target = parseStaticTarget(uri);
      const endpoints = target.endpoints.map((each) =>
        withAttributes(each, known.get(endpointKey(each)) ?? {}),
      );
      return { ...target, endpoints };
    },
    authority: staticAuthority,
    open: (target, channel) => {
      const { endpoints } = target;
      const hosts = hostNames(target);
      if (hosts.size > 0) return new Polling(lookUpHosts(endpoints, hosts, bounds, ask), polling, channel);
      return constant({ kind: 'endpoints', endpoints, serviceConfig: null, note: '' }, channel);
    },
  });
}

/**
 * Registers the `static:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export const registerStaticResolver: (options?: StaticResolverOptions) => void = registration(
  STATIC_SCHEME,
  createStaticResolverClass,
);
