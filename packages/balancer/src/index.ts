/**
 * Client-side load balancing for @grpc/grpc-js: policies, health checking, and
 * the toolkit to write policies of your own.
 */
import './usable-grpc-js.js';

export {
  checkServiceConfig,
  type Duration,
  type HealthCheckConfig,
  type HedgingPolicy,
  type MethodConfig,
  type MethodName,
  type RetryPolicy,
  type RetryThrottling,
  type ServiceConfigFinding,
  type ServiceConfigOptions,
  type StatusCode,
  serviceConfig,
} from '@petiole/service-config';
export {
  type CustomRoundRobinConfig,
  customRoundRobin,
  registerCustomRoundRobin,
} from './custom-round-robin.js';
export { definePolicy, type Policy, type PolicyDefinition, type PolicyView } from './define-policy.js';
export type { EndpointEvent } from './endpoint-events.js';
export { EndpointSharding, type EndpointShardingOptions } from './endpoint-sharding.js';
export type { HealthStatus } from './health-check.js';
export { type LeastRequestConfig, leastRequest, registerLeastRequest } from './least-request.js';
export { failPick, queuePick } from './pick-result.js';
export type { EndpointHooks, ShardedEndpoint } from './sharded-endpoint.js';
