/**
 * Names of the first edition, for programs that were written against it: nothing here is new, and all of it goes before
 * the first release.
 */
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import type { ResolverClass } from './grpc-js/registration.js';
import type { ResolverOptions } from './resolving/options.js';
import type { Look } from './resolving/polling.js';
import type { Resolution } from './resolving/resolution.js';
import { createResolverClass } from './schemes/define-resolver.js';

/** @deprecated `defineResolver`, which needs no class. Its subclasses have a static `getDefaultAuthority(target)`. */
export abstract class PollingResolver implements experimental.Resolver {
  readonly #inner: experimental.Resolver;

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
    options: ResolverOptions = {},
  ) {
    const { getDefaultAuthority } = this.constructor as unknown as ResolverClass;
    const Inner = createResolverClass({
      ...options,
      scheme: target.scheme ?? '',
      authority: () => getDefaultAuthority.call(this.constructor, target),
      resolve: (look) => this.resolve(look),
    });
    this.#inner = new Inner(target, listener, channelOptions);
  }

  protected abstract resolve(look: Look): Promise<Resolution>;

  updateResolution(): void {
    this.#inner.updateResolution();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
