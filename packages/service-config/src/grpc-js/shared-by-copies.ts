/**
 * What all copies of a package share that use the same grpc-js: it stands on an object of grpc-js (fact R11), under a
 * symbol that is the same in all of them.
 */
import { experimental } from '@grpc/grpc-js';

/** The object of this name; the first copy to ask for it makes it. */
export function sharedByCopies<Shared extends object>(name: string, make: () => Shared): Shared {
  const key = Symbol.for(name);
  const grpcJs: { [key: symbol]: unknown } = experimental;
  grpcJs[key] ??= make();
  return grpcJs[key] as Shared;
}
