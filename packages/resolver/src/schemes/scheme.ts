/**
 * The class that grpc-js is given for a scheme whose targets are parsed: behind it stands the resolver that the target
 * asks for, or the same answer for ever, be it addresses or what is wrong with the target.
 */
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { type TracerName, tracer } from '../grpc-js/tracing.js';
import { type ConstantAnswer, ConstantResolver } from '../resolving/constant.js';
import { Delivery } from '../resolving/delivery.js';
import { TargetError } from '../target/error.js';
import type { ResolverClass } from './registration.js';

/** What a scheme is made of. */
export interface Scheme<Target> {
  /** As it is registered, without the colon. */
  readonly name: string;
  readonly tracer: TracerName;
  /** @throws {TargetError} that quotes the part that is wrong. */
  parse(target: experimental.GrpcUri): Target;
  /** What TLS verifies. Never throws, and is cheap: grpc-js asks for every connection. */
  authority(target: experimental.GrpcUri): string;
  /** The answer of a target that needs no look-up, or a resolver made with the arguments that grpc-js gave. */
  open(parsed: Target, ...grpc: ConstructorParameters<ResolverClass>): ConstantAnswer | experimental.Resolver;
}

/** See above. */
export function schemeResolver<Target>(scheme: Scheme<Target>): ResolverClass {
  const trace = tracer(scheme.tracer);
  return class SchemeResolver implements experimental.Resolver {
    readonly #inner: experimental.Resolver;

    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      channelOptions: ChannelOptions,
    ) {
      const opened = answerOrResolver(scheme, target, listener, channelOptions);
      this.#inner =
        'updateResolution' in opened
          ? opened
          : new ConstantResolver(opened, new Delivery(target, listener, trace), channelOptions);
    }

    updateResolution(): void {
      this.#inner.updateResolution();
    }

    destroy(): void {
      this.#inner.destroy();
    }

    static getDefaultAuthority(target: experimental.GrpcUri): string {
      return scheme.authority(target);
    }
  };
}

function answerOrResolver<Target>(
  scheme: Scheme<Target>,
  ...grpc: ConstructorParameters<ResolverClass>
): ConstantAnswer | experimental.Resolver {
  let parsed: Target;
  try {
    parsed = scheme.parse(grpc[0]);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { error: `bad ${scheme.name}: target: ${error.message}` };
  }
  return scheme.open(parsed, ...grpc);
}
