/** `@petiole/kubernetes`: the pods of a Service as endpoints, by watching its EndpointSlices. */
export { type KubernetesOptions, registerKubernetesResolver } from './resolver.js';
export type { PodAttributes } from './slices/slice.js';
