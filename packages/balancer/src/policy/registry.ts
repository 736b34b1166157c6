/** Registration with grpc-js, whose registry of policies is a global of that module: refuses names that are taken. */
import { experimental } from '@grpc/grpc-js';
import { type DeclaredFields, petiolePolicies } from '@petiole/service-config/internal';
import { watchForeignCopies } from '../grpc-js/installed.js';

type Register = Parameters<typeof experimental.registerLoadBalancerType>;
/** A policy, how its config is parsed, and the fields of that, by which `checkServiceConfig` checks it. */
export type Registration = [policy: Register[1], config: Register[2], declared: DeclaredFields];

/** By name, which class this copy of the package has registered. */
const registered = new Map<string, Registration[0]>();

// The policies of this package, each with the call that registers it. What another copy of the package has registered
// under these names is the same.
const { registered: names, calls } = petiolePolicies();
const OWN = {
  customRoundRobin: ['custom_round_robin'],
  leastRequest: ['least_request', 'least_request_experimental'],
  peakEwma: ['peak_ewma'],
  priorityFirst: ['priority_first'],
  randomSubsetting: ['random_subsetting', 'random_subsetting_experimental'],
  requestLimit: ['request_limit'],
  ringHash: ['ring_hash_experimental'],
  staticWeightedRoundRobin: ['static_weighted_round_robin'],
  zoneFirst: ['zone_first'],
};
for (const [policy, all] of Object.entries(OWN))
  for (const name of all) calls.set(name, `${policy}.register()`);

/** How to register. */
export interface RegisterOptions {
  /**
   * Takes the name over from an earlier definition, for clients made from now on. For hot reload, where a module that
   * defines a policy is evaluated again. Default false.
   */
  readonly replace?: boolean;
}

/** @throws Error if the name is one of grpc-js's own policies, or if another definition has taken it */
export function registerPolicy(
  name: string,
  { replace = false }: RegisterOptions,
  ...[policy, config, declared]: Registration
): void {
  if (registered.get(name) === policy) return;
  const taken = names.has(name);
  if (!replace && (registered.has(name) || (taken && !calls.has(name)))) {
    throw new Error(
      `${name}: another policy of this name is registered already; a name stands for one definition. ` +
        'Where a hot reload has evaluated it again: register({ replace: true })',
    );
  }
  if (!taken || replace) {
    if (!taken && experimental.isLoadBalancerNameRegistered(name)) {
      throw new Error(`${name}: grpc-js has a policy of this name already; choose another name`);
    }
    experimental.registerLoadBalancerType(name, policy, config);
    names.set(name, declared);
  }
  registered.set(name, policy);
  watchForeignCopies();
}
