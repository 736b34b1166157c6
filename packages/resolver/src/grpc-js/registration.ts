/** The class that grpc-js makes a resolver of for each channel, and how it is registered. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { sharedByCopies } from '@petiole/service-config/internal';

/** What grpc-js's `registerResolver` takes. */
export interface ResolverClass {
  new (
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
  ): experimental.Resolver;
  getDefaultAuthority(target: experimental.GrpcUri): string;
}

/** grpc-js does not tell which schemes it knows, so the copies of this package tell each other. */
const registered = sharedByCopies('petiole.registered-schemes', () => new Set<string>());

/** Whether any copy of this package has registered the scheme with this copy of grpc-js. */
export function isRegistered(scheme: string): boolean {
  return registered.has(scheme);
}

/**
 * Makes a register function: the channels that are made after a call get their resolvers from the class (fact R1).
 * Idempotent without options, so that `@petiole/resolver/register` in a preload or a library takes nothing away from an
 * application that set its own.
 */
export function registration<Options>(
  scheme: string,
  create: (options?: Options) => ResolverClass,
): (options?: Options) => void {
  return (options) => {
    if (isRegistered(scheme) && options === undefined) return;
    experimental.registerResolver(scheme, create(options));
    registered.add(scheme);
  };
}
