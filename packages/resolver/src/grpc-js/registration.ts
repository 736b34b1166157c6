/** The class that grpc-js makes a resolver of for each channel, and how it is registered. */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { registeredSchemes } from '@petiole/service-config/internal';

/** What grpc-js's `registerResolver` takes. */
export interface ResolverClass {
  new (
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
  ): experimental.Resolver;
  getDefaultAuthority(target: experimental.GrpcUri): string;
}

/**
 * Makes the register function of a scheme of this package: the channels that are made after a call get their resolvers from
 * the class (fact R1). Without options a scheme that is registered stays as it is, so that `@petiole/resolver/register` in a
 * preload or a library takes nothing away from an application that set its own.
 */
export function registration<Options>(
  scheme: string,
  create: (options?: Options) => ResolverClass,
): (options?: Options) => void {
  const takeOver = takingOver(scheme, create);
  return (options) => {
    if (options !== undefined || !registeredSchemes().has(scheme)) takeOver(options);
  };
}

/**
 * Makes the register function of a user's definition, which takes the scheme over from any other one: a module that a hot
 * reload evaluates again is another definition. Without options nothing changes while this one has the scheme.
 */
export function takingOver<Options>(
  scheme: string,
  create: (options?: Options) => ResolverClass,
): (options?: Options) => void {
  return (options) => {
    const schemes = registeredSchemes();
    if (options === undefined && schemes.get(scheme) === create) return;
    experimental.registerResolver(scheme, create(options));
    schemes.set(scheme, create);
  };
}
