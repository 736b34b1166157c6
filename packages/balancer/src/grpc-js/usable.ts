/**
 * Refuses a grpc-js that lacks what this package needs. To be imported first:
 * some of the other modules use it as they are loaded.
 */
import { experimental } from '@grpc/grpc-js';
import { grpcJsVersion } from './copies.js';

/** What this package needs of grpc-js's experimental API, all there since 1.14.5. */
const NEEDED = [
  'BackoffTimeout',
  'BaseSubchannelWrapper',
  'CHANNEL_ARGS_CONFIG_SELECTOR_KEY',
  'LeafLoadBalancer',
  'PickResultType',
  'SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX',
  'isLoadBalancerNameRegistered',
  'parseLoadBalancingConfig',
  'registerLoadBalancerType',
  'subchannelAddressToString',
] as const satisfies readonly (keyof typeof experimental)[];

/** The peer range of package.json, as an error message tells it. */
const PEER_RANGE = '^1.14.5';

/** @throws Error that names both versions, if a part of the experimental API is missing */
export function assertUsable(api: Partial<typeof experimental>, version: () => string): void {
  const missing = NEEDED.filter((part) => api[part] === undefined);
  if (missing.length === 0) return;
  throw new Error(
    `@petiole/balancer needs @grpc/grpc-js ${PEER_RANGE}, but ${version()} is installed, ` +
      `which lacks experimental.${missing.join(', experimental.')}`,
  );
}

assertUsable(experimental, grpcJsVersion);
