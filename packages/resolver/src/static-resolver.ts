/**
 * The resolver of `static:` targets.
 */
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { type ConstantAnswer, ConstantResolver } from './constant-resolver.js';
import { Delivery } from './delivery.js';
import { checkPollingOptions } from './polling-options.js';
import { describeBadTarget, type ResolverClass, registration } from './registration.js';
import { hostNames, StaticHostsResolver, type StaticResolverOptions } from './static-hosts-resolver.js';
import { parseStaticTarget, STATIC_SCHEME, type StaticTarget, staticAuthority } from './static-target.js';
import { type Getaddrinfo, getaddrinfo } from './system-lookup.js';
import { tracer } from './tracing.js';

const trace = tracer('static_resolver');

/** Makes the class that grpc-js is given; tests bring their own look-up. */
export function createStaticResolverClass(
  options: StaticResolverOptions = {},
  ask: Getaddrinfo = getaddrinfo,
): ResolverClass {
  checkPollingOptions(options);
  return class StaticResolver implements experimental.Resolver {
    readonly #inner: experimental.Resolver;

    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      channelOptions: ChannelOptions,
    ) {
      const constant = (answer: ConstantAnswer): ConstantResolver =>
        new ConstantResolver(answer, new Delivery(target, listener, trace), channelOptions);
      let parsed: StaticTarget;
      try {
        parsed = parseStaticTarget(target);
      } catch (error) {
        this.#inner = constant({ error: describeBadTarget(STATIC_SCHEME, error) });
        return;
      }
      this.#inner =
        hostNames(parsed).length > 0
          ? new StaticHostsResolver(target, listener, channelOptions, parsed, options, ask)
          : constant({ endpoints: parsed.endpoints.map(({ addresses }) => ({ addresses: [...addresses] })) });
    }

    updateResolution(): void {
      this.#inner.updateResolution();
    }

    destroy(): void {
      this.#inner.destroy();
    }

    static getDefaultAuthority(target: experimental.GrpcUri): string {
      return staticAuthority(target);
    }
  };
}

const register = registration(STATIC_SCHEME, createStaticResolverClass);

/**
 * Registers the `static:` scheme with grpc-js; call it before the channel is made. Idempotent; a later call with
 * options gives them to the channels made from then on.
 * @throws {RangeError} on options out of range.
 */
export function registerStaticResolver(options?: StaticResolverOptions): void {
  register(options);
}
