/** How each scheme gets into grpc-js's registry. */
import { type ResolverClass, registerResolverClass } from '../grpc-js/resolver-class.js';

/**
 * Makes a register function: idempotent without options, so that `@petiole/resolver/register` in a preload or a
 * library takes nothing away from an application that set its own.
 */
export function registration<Options>(
  scheme: string,
  create: (options?: Options) => ResolverClass,
): (options?: Options) => void {
  let registered = false;
  return (options) => {
    if (registered && options === undefined) return;
    registerResolverClass(scheme, create(options));
    registered = true;
  };
}
