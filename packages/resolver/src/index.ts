/**
 * `@petiole/resolver`: tells grpc-js which addresses belong to one server, from a constant (`static:`), from a program
 * (`createManualResolver`), or from DNS (`srv:`, `dns+refresh:`, or a resolver of your own on `PollingResolver`).
 */

export { ServiceConfigError, type ServiceConfigInput } from '@petiole/service-config';
export type { EndpointBounds } from './bounds.js';
export { type DnsRefreshOptions, registerRefreshingDnsResolver } from './dns-refresh-resolver.js';
export type { Endpoint, EndpointInput, SubchannelAddress } from './endpoint.js';
export { createManualResolver, type ManualResolver } from './manual-resolver.js';
export type { ManualFailure, ManualResolverOptions, ManualState } from './manual-state.js';
export { type ParsedTarget, parseTarget } from './parse-target.js';
export type { PollingOptions } from './polling-options.js';
export { PollingResolver, type ResolutionAttempt } from './polling-resolver.js';
export type { Resolution } from './resolution.js';
export { registerSrvResolver, type SrvResolverOptions } from './srv-resolver.js';
export type { StaticResolverOptions } from './static-hosts-resolver.js';
export { registerStaticResolver } from './static-resolver.js';
export { type StaticTargetOptions, staticTarget } from './static-target.js';
export { TargetError } from './target-error.js';
export type { ResolverUpdate } from './update-events.js';
