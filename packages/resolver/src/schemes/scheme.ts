/**
 * The class that grpc-js is given for a scheme: behind it stands, for each channel, a look-up that is repeated, or the
 * same answer for ever, be it addresses or what is wrong with the target.
 */

import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { type Trace, tracer } from '@petiole/service-config/internal';
import type { ResolverClass } from '../grpc-js/resolver-class.js';
import { Constant, type ConstantAnswer } from '../resolving/constant.js';
import { Delivery } from '../resolving/delivery.js';
import type { CheckedOptions } from '../resolving/options.js';
import { type Lookup, Polling } from '../resolving/polling.js';
import { TargetError } from '../target/error.js';

/** What a scheme is made of. */
export interface Scheme<Target> {
  /** As it is registered, without the colon. */
  readonly name: string;
  /** The name for `GRPC_TRACE`. */
  readonly tracer: string;
  /** How look-ups are repeated, and what they may bring. */
  readonly options: CheckedOptions;
  /** @throws {TargetError} that quotes the part that is wrong. */
  parse(target: experimental.GrpcUri): Target;
  /** What TLS verifies. Never throws, and is cheap: grpc-js asks for every connection (fact R10). */
  authority(target: experimental.GrpcUri): string;
  /** What a channel to this target gets. */
  open(parsed: Target, channel: ChannelOfScheme): ConstantAnswer | Lookup;
}

/** The channel that a look-up is for. */
export interface ChannelOfScheme {
  readonly channelOptions: ChannelOptions;
  /** Writes to the scheme's tracer, with the target before it. */
  readonly trace: Trace;
}

/** Makes the class. */
export function schemeResolver<Target>(scheme: Scheme<Target>): ResolverClass {
  const trace = tracer(scheme.tracer);
  return class SchemeResolver implements experimental.Resolver {
    readonly #inner: experimental.Resolver;

    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      channelOptions: ChannelOptions,
    ) {
      const delivery = new Delivery(target, listener, trace);
      const opened = open(scheme, target, { channelOptions, trace: delivery.trace });
      this.#inner =
        'resolve' in opened
          ? new Polling(opened, scheme.options, delivery, channelOptions)
          : new Constant(opened, delivery, channelOptions);
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

function open<Target>(
  scheme: Scheme<Target>,
  target: experimental.GrpcUri,
  channel: ChannelOfScheme,
): ConstantAnswer | Lookup {
  let parsed: Target;
  try {
    parsed = scheme.parse(target);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { error: `bad ${scheme.name}: target: ${error.message}` };
  }
  return scheme.open(parsed, channel);
}
