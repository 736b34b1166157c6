/** `serviceConfig()`: the JSON for the channel option `grpc.service_config`. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';

export interface ServiceConfigOptions {
  readonly loadBalancing: LoadBalancingConfig;
}

export function serviceConfig(options: ServiceConfigOptions): string {
  return JSON.stringify({ loadBalancingConfig: [options.loadBalancing] });
}
