/**
 * The resolver of `static:` targets.
 */

import { type Getaddrinfo, getaddrinfo } from '../lookup/system.js';
import { checkPollingOptions } from '../resolving/options.js';
import { assertOptions } from '../target/json-value.js';
import { parseStaticTarget, STATIC_SCHEME, staticAuthority } from '../target/static.js';
import { type ResolverClass, registration } from './registration.js';
import { schemeResolver } from './scheme.js';
import { hostNames, STATIC_TRACER, StaticHostsResolver, type StaticResolverOptions } from './static-hosts.js';

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
  const checked = checkPollingOptions(options);
  return schemeResolver({
    name: STATIC_SCHEME,
    tracer: STATIC_TRACER,
    parse: parseStaticTarget,
    authority: staticAuthority,
    open: (parsed, ...grpc) =>
      hostNames(parsed).size > 0
        ? new StaticHostsResolver(parsed, checked, ask, ...grpc)
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
