/** The class that grpc-js makes a resolver of for each channel, and how it is registered. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';

/** What grpc-js's `registerResolver` takes. */
export interface ResolverClass {
  new (
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
  ): experimental.Resolver;
  getDefaultAuthority(target: experimental.GrpcUri): string;
}

/** The channels that are made from now on get their resolvers from this class (fact R1). */
export function registerResolverClass(scheme: string, resolverClass: ResolverClass): void {
  experimental.registerResolver(scheme, resolverClass);
}
