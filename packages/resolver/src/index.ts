/**
 * `@petiole/resolver`: tells grpc-js which addresses belong to one server, from a constant (`static:`), from a program
 * (`createManualResolver`), from DNS (`srv:`, `dns+refresh:`), or from a look-up of your own (`defineResolver`).
 */

export type { EndpointAttributes } from '@petiole/service-config';
export { ServiceConfigError, type ServiceConfigInput } from '@petiole/service-config';
export { PollingResolver } from './first-edition.js';
export type { EndpointBounds } from './lookup/bounds.js';
export type { ResolverOptions } from './resolving/options.js';
export type { Look } from './resolving/polling.js';
export type { Resolution } from './resolving/resolution.js';
export type { ResolverAnswer, ResolverUpdate, UpdateReason } from './resolving/update-events.js';
export type { Watching } from './resolving/watching.js';
export {
  defineResolver,
  type PollingDefinition,
  type Resolver,
  type ResolverDefinition,
  type ResolverLook,
  type ResolverTarget,
  type ResolverWatch,
  type WatchingDefinition,
} from './schemes/define-resolver.js';
export {
  type DnsRefreshOptions,
  type DnsTargetOptions,
  registerRefreshingDnsResolver,
} from './schemes/dns-refresh.js';
export { createManualResolver, type ManualResolver } from './schemes/manual.js';
export type { ManualFailure, ManualResolverOptions, ManualState } from './schemes/manual-state.js';
export { type ParsedTarget, parseTarget } from './schemes/parse-target.js';
export { registerSrvResolver, type SrvResolverOptions } from './schemes/srv.js';
export { registerStaticResolver, type StaticResolverOptions } from './schemes/static.js';
export type { Endpoint, EndpointInput, EndpointObject, SubchannelAddress } from './target/endpoint.js';
export { TargetError } from './target/error.js';
export { type StaticTargetOptions, staticTarget } from './target/static-target.js';
