/**
 * Which policies are registered with grpc-js, and which of them are Petiole's: `@petiole/balancer` tells it here. It
 * stands beside grpc-js's own registry, so that all copies of both packages see the same.
 */
import { experimental } from '@grpc/grpc-js';
import { sharedByCopies } from '../grpc-js/shared-by-copies.js';
import type { DeclaredFields } from './declared-fields.js';

interface PetiolePolicies {
  /** By the names that any copy of the balancer has registered: the fields of their configs. */
  readonly registered: Map<string, DeclaredFields>;
  /** By the names of the policies that come with the balancer: the call that registers them. */
  readonly calls: Map<string, string>;
}

export function petiolePolicies(): PetiolePolicies {
  return sharedByCopies('petiole.policies', () => ({ registered: new Map(), calls: new Map() }));
}

/** grpc-js itself takes `toString` for the name of a policy (fact S6). */
export function isRegistered(name: string): boolean {
  return experimental.isLoadBalancerNameRegistered(name) && !(name in Object.prototype);
}
