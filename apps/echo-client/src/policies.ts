/** The load-balancing policies that the client can be told to use, and their configs. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { customRoundRobin, leastRequest } from '@petiole/balancer';

/** The first two are Petiole's, the others grpc-js's own. */
export const POLICIES = ['custom_round_robin', 'least_request', 'round_robin', 'pick_first'] as const;

export type PolicyName = (typeof POLICIES)[number];

/** What `custom_round_robin` is told; the other policies have no use for it. */
export interface PolicySettings {
  readonly repeatCount: number;
  /** Undefined: wait for all endpoints. */
  readonly readyTimeoutMs: number | undefined;
}

export function loadBalancing(
  policy: PolicyName,
  { repeatCount, readyTimeoutMs }: PolicySettings,
): LoadBalancingConfig {
  switch (policy) {
    case 'custom_round_robin':
      return customRoundRobin({
        repeatCount,
        ...(readyTimeoutMs === undefined ? {} : { readyTimeout: `${readyTimeoutMs / 1000}s` }),
      });
    case 'least_request':
      return leastRequest();
    default:
      return { [policy]: {} };
  }
}

/** Only Petiole's policies check the health of endpoints; grpc-js's ignore `healthCheckConfig`. */
export function checksHealth(policy: PolicyName): boolean {
  return policy === 'custom_round_robin' || policy === 'least_request';
}
