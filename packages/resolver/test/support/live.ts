/** The resolver classes in a real channel, with their listener calls counted. One registry per test file. */
import { experimental } from '@grpc/grpc-js';
import type { ResolverClass } from '../../src/grpc-js/registration.js';

export interface Counted {
  /** Listener calls since the class was registered. */
  calls: number;
  /** `updateResolution` calls: what grpc-js asked for. */
  requests: number;
}

/** Registers `resolverClass` under `scheme` and counts what goes on between it and grpc-js. */
export function registerCounted(scheme: string, resolverClass: ResolverClass): Counted {
  const counted: Counted = { calls: 0, requests: 0 };
  class Counting extends resolverClass {
    constructor(...[target, listener, options]: ConstructorParameters<ResolverClass>) {
      const counting: experimental.ResolverListener = (...call) => {
        counted.calls += 1;
        return listener(...call);
      };
      super(target, counting, options);
    }
    override updateResolution(): void {
      counted.requests += 1;
      super.updateResolution();
    }
  }
  experimental.registerResolver(scheme, Counting);
  return counted;
}
