/**
 * Registration with grpc-js, whose registry of policies is a global of that
 * module: refuses names that are taken.
 */
import { experimental } from '@grpc/grpc-js';
import { watchForeignCopies } from './grpc-js-copies.js';

type Register = typeof experimental.registerLoadBalancerType;

/** By name, which class this copy of the package has registered. */
const registered = new Map<string, Parameters<Register>[1]>();

/**
 * The policies of this package, each with the call that registers it. What another copy of the package has registered
 * under these names is the same.
 */
export const OWN_POLICIES: ReadonlyMap<string, string> = new Map([
  ['custom_round_robin', 'registerCustomRoundRobin()'],
  ['least_request', 'registerLeastRequest()'],
]);

// The names that any copy of this package has registered with this copy of grpc-js.
const NAMES: unique symbol = Symbol.for('petiole.registered-policies') as never;
const grpcJs: typeof experimental & { [NAMES]?: Set<string> } = experimental;

/**
 * @throws Error if the name is one of grpc-js's own policies, or if another definition has taken it
 */
export function registerPolicy(...[name, policy, config]: Parameters<Register>): void {
  if (registered.get(name) === policy) return;
  grpcJs[NAMES] ??= new Set();
  const taken = grpcJs[NAMES].has(name);
  if (registered.has(name) || (taken && !OWN_POLICIES.has(name))) {
    throw new Error(
      `${name}: another policy of this name is registered already; a name stands for one definition`,
    );
  }
  if (!taken) {
    if (experimental.isLoadBalancerNameRegistered(name)) {
      throw new Error(`${name}: grpc-js has a policy of this name already; choose another name`);
    }
    experimental.registerLoadBalancerType(name, policy, config);
    grpcJs[NAMES].add(name);
  }
  registered.set(name, policy);
  watchForeignCopies();
}

/** The names of all policies that this package, in any copy, has registered. */
export function petiolePolicies(): ReadonlySet<string> {
  return grpcJs[NAMES] ?? new Set();
}
