/** What the lab tells of a service config: the one it begins with, and the policy that is in one. */
import { experimental } from '@grpc/grpc-js';
import { petiolePolicies } from '@petiole/service-config/internal';

/** The strip of picks shows three by three. */
export const FIRST_SERVICE_CONFIG: string = JSON.stringify(
  {
    loadBalancingConfig: [{ custom_round_robin: { repeatCount: 3 } }],
    healthCheckConfig: { serviceName: '' },
  },
  undefined,
  2,
);

interface Parsed {
  readonly loadBalancingConfig?: readonly Readonly<Record<string, unknown>>[];
  readonly healthCheckConfig?: object;
}

/** The first policy that grpc-js knows, as it takes it; `pick_first` where there is none. */
export function policyIn(json: string): { readonly policy: string; readonly checksHealth: boolean } {
  const { loadBalancingConfig = [], healthCheckConfig } = JSON.parse(json) as Parsed;
  const names = loadBalancingConfig.flatMap((entry) => Object.keys(entry));
  const policy = names.find((name) => experimental.isLoadBalancerNameRegistered(name)) ?? 'pick_first';
  return {
    policy,
    checksHealth: healthCheckConfig !== undefined && petiolePolicies().registered.has(policy),
  };
}
