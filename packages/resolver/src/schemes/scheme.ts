/** The class that grpc-js is given for a scheme: it reads the target, and opens what finds the endpoints of a channel. */
import type { experimental } from '@grpc/grpc-js';
import type { PreparedServiceConfig } from '@petiole/service-config';
import { madeOr, tracer } from '@petiole/service-config/internal';
import type { ResolverClass } from '../grpc-js/registration.js';
import { Delivery } from '../resolving/delivery.js';
import { constant } from '../resolving/follower.js';
import { unavailable } from '../resolving/source.js';
import { FALLBACK_AUTHORITY } from '../target/authority.js';
import { TargetError } from '../target/error.js';

/** What a scheme is made of. */
export interface Scheme<Target> {
  /** As it is registered, without the colon. */
  readonly name: string;
  /** The name for `GRPC_TRACE`. */
  readonly tracer: string;
  /** Counts where neither the resolver nor the channel has one. */
  readonly serviceConfig?: PreparedServiceConfig | null;
  /** @throws {TargetError} that quotes the part that is wrong. */
  parse(target: experimental.GrpcUri): Target;
  /** What TLS verifies; `localhost` where it throws. Cheap: grpc-js asks for every connection (fact R10). */
  authority(target: experimental.GrpcUri): string;
  /** Gives what takes the targets that `parse` refuses; undefined: RPCs fail with its message. */
  readonly unread?: ((target: experimental.GrpcUri) => ResolverClass | undefined) | undefined;
  /** Makes the resolver of one channel. */
  open(parsed: Target, channel: Delivery): experimental.Resolver;
}

type Arguments = ConstructorParameters<ResolverClass>;

export function schemeResolver<Target>(scheme: Scheme<Target>): ResolverClass {
  const trace = tracer(scheme.tracer);
  const open = (...args: Arguments): experimental.Resolver => {
    const [target, listener, channelOptions] = args;
    const channel = new Delivery(target, listener, trace, channelOptions, scheme.serviceConfig);
    try {
      return scheme.open(scheme.parse(target), channel);
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      const Other = scheme.unread?.(target);
      if (Other !== undefined) return new Other(...args);
      return constant(unavailable(`bad ${scheme.name}: target: ${error.message}`), channel);
    }
  };
  return class SchemeResolver implements experimental.Resolver {
    readonly #inner: experimental.Resolver;

    constructor(...args: Arguments) {
      this.#inner = open(...args);
      abandoned.register(this, this.#inner, this);
    }

    updateResolution(): void {
      this.#inner.updateResolution();
    }

    destroy(): void {
      // Else the registry would hold it for good, since it knows the channel, which holds this resolver.
      abandoned.unregister(this);
      this.#inner.destroy();
    }

    static getDefaultAuthority(target: experimental.GrpcUri): string {
      return madeOr(FALLBACK_AUTHORITY, () => scheme.authority(target)); // RPCs fail, and say why
    }
  };
}

/**
 * Ends what nobody can end any more. Channels hold their resolver; a server that binds a name takes the first answer of
 * its resolver, and lets go of it without a word (fact R28).
 */
const abandoned = new FinalizationRegistry<experimental.Resolver>((inner) => inner.destroy());
