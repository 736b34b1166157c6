/**
 * Client-side load balancing for @grpc/grpc-js: policies, health checking, and
 * the toolkit to write policies of your own.
 */
import './grpc-js/installed.js';

export type { EndpointAttributes } from '@petiole/service-config';
export {
  boolean,
  type ConfigOf,
  type ConnectionScaling,
  checkServiceConfig,
  type Duration,
  duration,
  type Field,
  type FieldBounds,
  type FieldDescription,
  type FieldOptions,
  type Fields,
  type HealthCheckConfig,
  type HedgingPolicy,
  integer,
  type JsonOf,
  list,
  type MethodConfig,
  type MethodName,
  number,
  object,
  type RetryPolicy,
  type RetryThrottling,
  type ServiceConfigFinding,
  type ServiceConfigOptions,
  type StatusCode,
  serviceConfig,
  string,
} from '@petiole/service-config';
export type {
  CallEnd,
  CallHooks,
  ConnectMode,
  EndpointHooks,
  EndpointIdentity,
  PolicyEndpoint,
  PolicyPickArgs,
  PolicyPicker,
  Rpc,
} from './endpoints/endpoint.js';
export { dropPick, failPick, observePick, type PickHooks, queuePick } from './endpoints/pick-result.js';
export { type EndpointChange, EndpointSharding, type EndpointShardingOptions } from './endpoints/sharding.js';
export type {
  EndpointEvent,
  EndpointState,
  HealthEvent,
  HealthStatus,
  ServingStatus,
  StreamsEvent,
} from './events/endpoint-events.js';
export { registerCustomRoundRobin, registerLeastRequest } from './first-edition.js';
export { assertSameGrpcJs, tolerateGrpcJsCopies } from './grpc-js/installed.js';
export type { SlowStartConfig } from './policies/choice/slow-start.js';
export { type CustomRoundRobinConfig, customRoundRobin } from './policies/custom-round-robin.js';
export { type LeastRequestConfig, leastRequest } from './policies/least-request.js';
export { type PeakEwmaConfig, peakEwma } from './policies/peak-ewma.js';
export { type PriorityFirstConfig, priorityFirst } from './policies/priority-first.js';
export { type RandomSubsettingConfig, randomSubsetting } from './policies/random-subsetting.js';
export { type RequestLimitConfig, requestLimit } from './policies/request-limit.js';
export { type RingHashConfig, ringHash } from './policies/ring-hash.js';
export { staticWeightedRoundRobin } from './policies/static-weighted-round-robin.js';
export { type ZoneFirstConfig, zoneFirst } from './policies/zone-first.js';
export { definePolicy } from './policy/define-policy.js';
export { defineWrapper, type WrapperDefinition } from './policy/define-wrapper.js';
export type { Policy } from './policy/policy-object.js';
export type { RegisterOptions } from './policy/registry.js';
export type { PolicyDefinition, PolicyView } from './policy/view.js';
export type { WrapperBehaviour, WrapperView } from './policy/wrapper-instance.js';
