/** What @grpc/grpc-js really does with a service config. */
export { checkServiceConfig } from './check-service-config.js';
export type { Duration } from './duration.js';
export * from './fields.js';
export type { ServiceConfigFinding } from './finding.js';
export type { EndpointAttributes } from './grpc-js/endpoint-attributes.js';
export * from './read-service-config.js';
export * from './service-config.js';
