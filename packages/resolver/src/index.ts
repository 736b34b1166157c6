/**
 * `@petiole/resolver`: tells grpc-js which addresses belong to one server, from a constant (`static:`), or from a
 * program (`createManualResolver`).
 */
export type { Endpoint, EndpointInput, SubchannelAddress } from './endpoint.js';
export {
  createManualResolver,
  type ManualFailure,
  type ManualResolver,
  type ManualResolverOptions,
  type ManualState,
} from './manual-resolver.js';
export type { ServiceConfigInput } from './service-config.js';
export { ServiceConfigError } from './service-config-error.js';
export { registerStaticResolver } from './static-resolver.js';
export { type StaticTargetOptions, staticTarget } from './static-target.js';
export { TargetError } from './target-error.js';
export type { ResolverUpdate } from './update-events.js';
