/**
 * Registration with grpc-js, whose registry of policies is a global of that
 * module: refuses a grpc-js that lacks what policies need, and names taken.
 */
import { experimental } from '@grpc/grpc-js';
import { grpcJsVersion, watchForeignCopies } from './grpc-js-copies.js';

type Register = typeof experimental.registerLoadBalancerType;

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

/** By name, which class this copy of the package has registered. */
const registered = new Map<string, Parameters<Register>[1]>();

// The names that any copy of this package has registered with this copy of grpc-js.
const NAMES: unique symbol = Symbol.for('petiole.registered-policies') as never;
const grpcJs: typeof experimental & { [NAMES]?: Set<string> } = experimental;

/**
 * @throws Error if grpc-js is too old, if the name is one of grpc-js's own policies, or if another definition
 *   has taken it
 */
export function registerPolicy(...[name, policy, config]: Parameters<Register>): void {
  if (registered.get(name) === policy) return;
  assertUsable(experimental, grpcJsVersion());
  grpcJs[NAMES] ??= new Set();
  if (registered.has(name)) {
    throw new Error(
      `${name}: another policy of this name is registered already; a name stands for one definition`,
    );
  }
  // A second copy of this package brings the same policies: the first stays.
  if (!grpcJs[NAMES].has(name)) {
    if (experimental.isLoadBalancerNameRegistered(name)) {
      throw new Error(`${name}: grpc-js has a policy of this name already; choose another name`);
    }
    experimental.registerLoadBalancerType(name, policy, config);
    grpcJs[NAMES].add(name);
  }
  registered.set(name, policy);
  watchForeignCopies();
}

/** @throws Error that names both versions, if a part of the experimental API is missing */
export function assertUsable(api: Partial<typeof experimental>, version: string): void {
  const missing = NEEDED.filter((part) => api[part] === undefined);
  if (missing.length === 0) return;
  throw new Error(
    `@petiole/balancer needs @grpc/grpc-js ${PEER_RANGE}, but ${version} is installed, ` +
      `which lacks experimental.${missing.join(', experimental.')}`,
  );
}

/** The names of all policies that this package, in any copy, has registered. */
export function petiolePolicies(): ReadonlySet<string> {
  return grpcJs[NAMES] ?? new Set();
}
