/**
 * Client-side load balancing for @grpc/grpc-js: policies, health checking, and
 * the toolkit to write policies of your own.
 */
import './grpc-js/usable.js';

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
export type { EndpointHooks, ShardedEndpoint } from './endpoints/endpoint.js';
export { failPick, queuePick } from './endpoints/pick-result.js';
export { EndpointSharding, type EndpointShardingOptions } from './endpoints/sharding.js';
export type { EndpointEvent } from './events/endpoint-events.js';
export type { HealthStatus } from './health/checked-subchannel.js';
export {
  type CustomRoundRobinConfig,
  customRoundRobin,
  registerCustomRoundRobin,
} from './policies/custom-round-robin.js';
export { type LeastRequestConfig, leastRequest, registerLeastRequest } from './policies/least-request.js';
export { definePolicy, type Policy, type PolicyDefinition, type PolicyView } from './policy/define-policy.js';
