/** What grpc-js's own resolver of `dns:` is and does: one that takes its place is to keep what works. */
import { experimental } from '@grpc/grpc-js';
import { sharedByCopies } from '@petiole/service-config/internal';
import type { ResolverClass } from './registration.js';

/**
 * Whether `dns:` asks DNS servers, that of the target or the system's, and not `getaddrinfo`; the authority of a target
 * means nothing otherwise (fact R25).
 */
export const DNS_ASKS_SERVERS: boolean = process.env.GRPC_NODE_USE_ALTERNATIVE_RESOLVER === 'true';

/** Where `dns:` looks for the service config: at the name itself, without the `_grpc_config.` of gRFC A2 (fact R26). */
export const DNS_CONFIG_PREFIX = '';

/** The class that had `dns:` before any copy of this package took it over: grpc-js exports no name for it (fact R27). */
export function resolverBeforeTakeOver(): ResolverClass {
  return sharedByCopies('petiole.resolver-before-take-over', () => {
    const uri = { scheme: 'dns', path: '127.0.0.1:1' };
    return experimental.createResolver(uri, () => true, {}).constructor as ResolverClass;
  });
}
