/** What @grpc/grpc-js really does with a service config. */
export { checkServiceConfig } from './check-service-config.js';
export type { Duration } from './duration.js';
export type { ServiceConfigFinding, ServiceConfigSource } from './finding.js';
export {
  type PreparedServiceConfig,
  readServiceConfig,
  ServiceConfigError,
  type ServiceConfigInput,
} from './read-service-config.js';
export {
  type HealthCheckConfig,
  type HedgingPolicy,
  type MethodConfig,
  type MethodName,
  type RetryPolicy,
  type RetryThrottling,
  type ServiceConfigOptions,
  type StatusCode,
  serviceConfig,
} from './service-config.js';
