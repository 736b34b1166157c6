/** The resolver of `k8s:` targets. */
import { defineResolver, type EndpointBounds, type Resolver } from '@petiole/resolver';
import { lazily, registeredSchemes } from '@petiole/service-config/internal';
import { namespaceOfPod, SURROUNDINGS, type Surroundings } from './api/service-account.js';
import { KUBERNETES_SCHEME, parseServiceTarget } from './target/service-target.js';
import { watchTarget } from './watching/watch-target.js';

/** Options of {@link registerKubernetesResolver}: what a Service may bring. */
export interface KubernetesOptions extends EndpointBounds {}

/** Longer than a request waits for its answer: the sentence of that says more. */
const DEADLINE = 30_000;

export function createKubernetesResolver(surroundings: Surroundings = SURROUNDINGS): Resolver {
  /** It never changes, and is asked for with every connection. */
  let ownNamespace: string | undefined;
  const namespaceOf = (named: string | undefined): string => {
    if (named !== undefined) return named;
    ownNamespace ??= namespaceOfPod(surroundings);
    return ownNamespace;
  };
  return defineResolver({
    scheme: KUBERNETES_SCHEME,
    tracer: 'kubernetes_resolver',
    deadline: DEADLINE,
    // The pods come in an order that stays.
    keepOrder: false,
    authority: (target) => {
      try {
        const { service, namespace } = parseServiceTarget(target);
        return `${service}.${namespaceOf(namespace)}.svc`;
      } catch {
        return 'localhost'; // The watch says what is wrong with the target.
      }
    },
    watch: (watch) => watchTarget(watch, surroundings),
  });
}

const resolver = lazily(createKubernetesResolver);

/**
 * Registers the `k8s:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with options gives
 * them to the channels made from then on.
 * @throws {RangeError} on options out of range, TypeError on others.
 */
export function registerKubernetesResolver(options?: KubernetesOptions): void {
  // Another copy of this package may have done it, with options.
  if (options !== undefined || !registeredSchemes().has(KUBERNETES_SCHEME)) resolver().register(options);
}
