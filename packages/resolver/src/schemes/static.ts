/**
 * The resolver of `static:` targets.
 */

import type { ResolverClass } from '../grpc-js/resolver-class.js';
import { NO_BOUND } from '../lookup/bounds.js';
import { type Getaddrinfo, getaddrinfo } from '../lookup/system.js';
import { checkOptions } from '../resolving/options.js';
import { assertOptions } from '../target/objects.js';
import { hostNames, parseStaticTarget, STATIC_SCHEME, staticAuthority } from '../target/static.js';
import { registration } from './registration.js';
import { schemeResolver } from './scheme.js';
import { StaticHostsLookup, type StaticResolverOptions } from './static-hosts.js';

/** Makes the class that grpc-js is given; tests bring their own look-up. */
export function createStaticResolverClass(
  options: StaticResolverOptions = {},
  ask: Getaddrinfo = getaddrinfo,
): ResolverClass {
  assertOptions(options, 'registerStaticResolver: its options', [
    'deadline',
    'maxAddressesPerEndpoint',
    'maxAddresses',
  ]);
  const bounds = checkOptions(options);
  return schemeResolver({
    name: STATIC_SCHEME,
    tracer: 'static_resolver',
    options: checkOptions({
      deadline: bounds.deadline,
      refreshInterval: Number.POSITIVE_INFINITY,
      keepOrder: false, // the target has the order of endpoints, the look-up that of a host's addresses
      // What the target itself lists is the program's own, and all of it counts.
      maxEndpoints: NO_BOUND,
      maxAddressesPerEndpoint: NO_BOUND,
    }),
    parse: parseStaticTarget,
    authority: staticAuthority,
    open: (parsed) =>
      hostNames(parsed).size > 0
        ? new StaticHostsLookup(parsed, bounds, ask)
        : { endpoints: parsed.endpoints.map(({ addresses }) => ({ addresses: [...addresses] })) },
  });
}

const register = registration(STATIC_SCHEME, createStaticResolverClass);

/**
 * Registers the `static:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export function registerStaticResolver(options?: StaticResolverOptions): void {
  register(options);
}
