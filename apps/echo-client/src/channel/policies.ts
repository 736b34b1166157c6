/** The load-balancing policies that the client can be told to use, and their configs. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import {
  customRoundRobin,
  leastRequest,
  peakEwma,
  priorityFirst,
  randomSubsetting,
  requestLimit,
  staticWeightedRoundRobin,
  zoneFirst,
} from '@petiole/balancer';

/** What `custom_round_robin` is told; the other policies have no use for it. */
export interface PolicySettings {
  readonly repeatCount: number;
  /** Undefined: wait for all endpoints. */
  readonly readyTimeoutMs: number | undefined;
}

/**
 * Petiole's, with what is to be seen with a few servers. `ring_hash_experimental` is left out: the client's RPCs have no key, and
 * no channel connects under it before an RPC comes, for which a run waits.
 */
const OURS = {
  custom_round_robin: ({ repeatCount, readyTimeoutMs }: PolicySettings) =>
    customRoundRobin({
      repeatCount,
      ...(readyTimeoutMs === undefined ? {} : { readyTimeout: `${readyTimeoutMs / 1000}s` }),
    }),
  least_request: () => leastRequest(),
  peak_ewma: () => peakEwma(),
  static_weighted_round_robin: () => staticWeightedRoundRobin(),
  priority_first: () => priorityFirst(),
  zone_first: () => zoneFirst(),
  random_subsetting: () => randomSubsetting({ subsetSize: 2, childPolicy: [leastRequest()] }),
  request_limit: () => requestLimit({ maxRequests: 10, childPolicy: [leastRequest()] }),
};

const GRPC_JS = ['round_robin', 'pick_first'] as const;

export type PolicyName = keyof typeof OURS | (typeof GRPC_JS)[number];

export const POLICIES: readonly PolicyName[] = [...(Object.keys(OURS) as (keyof typeof OURS)[]), ...GRPC_JS];

export function loadBalancing(policy: PolicyName, settings: PolicySettings): LoadBalancingConfig {
  return checksHealth(policy) ? OURS[policy](settings) : { [policy]: {} };
}

/** Only Petiole's policies check the health of endpoints; grpc-js's ignore `healthCheckConfig`. */
export function checksHealth(policy: PolicyName): policy is keyof typeof OURS {
  return Object.hasOwn(OURS, policy);
}

/** As a message has them: `custom_round_robin, least_request and …`. */
export const CHECK_HEALTH: string = new Intl.ListFormat('en-GB').format(Object.keys(OURS));
