/** Resolvers of a user's own: a scheme, what TLS verifies, and how to look; all else is done here. */
import type { experimental } from '@grpc/grpc-js';
import { messageOf, show } from '@petiole/service-config/internal';
import { type ResolverClass, registration } from '../grpc-js/registration.js';
import { constant } from '../resolving/follower.js';
import { checkOptions, RESOLVER_OPTIONS, type ResolverOptions } from '../resolving/options.js';
import { type Look, Polling } from '../resolving/polling.js';
import type { Resolution } from '../resolving/resolution.js';
import { unavailable } from '../resolving/source.js';
import { checkAuthority } from '../target/authority.js';
import { assertOptions } from '../target/objects.js';
import { schemeResolver } from './scheme.js';

/** A target `scheme:path` or `scheme://authority/path`, taken apart. */
export interface ResolverTarget {
  readonly scheme: string;
  /** What stands between `//` and the next slash; empty where there is nothing. */
  readonly authority: string;
  /** Never empty. */
  readonly path: string;
}

/** What {@link ResolverDefinition.resolve} is given. */
export interface ResolverLook extends Look {
  readonly target: ResolverTarget;
  /** Writes to the tracer of the options; the text is made only when that is on. */
  readonly trace: (text: () => string) => void;
}

/** What a resolver is made of. */
export interface ResolverDefinition extends ResolverOptions {
  /** The scheme of the targets, without the colon: small letters, digits, `+`, `-` and `.`, a letter first. */
  readonly scheme: string;
  /**
   * The name that TLS verifies, and the default `:authority` header: `host` or `host:port`. It is asked for with every
   * connection, so it should be cheap. Where it throws, or returns what no URL can hold, RPCs fail and say so.
   */
  authority(target: ResolverTarget): string;
  /**
   * Looks up the endpoints, or rejects with an Error whose message a person can act on.
   *
   * - It is called when the channel asks, but not more often than `grpc.dns_min_time_between_resolutions_ms`; every
   *   `refreshInterval`; and after a failure with the channel's back-off. Never twice at a time for a channel, unless
   *   it outlives its deadline; what it returns after that is dropped.
   * - A failure after a success keeps the last good answer; before any, RPCs fail with UNAVAILABLE and its message.
   */
  resolve(look: ResolverLook): Resolution | Promise<Resolution>;
}

/** A resolver of a user's own. */
export interface Resolver {
  readonly scheme: string;
  /**
   * Registers the scheme with grpc-js; call it before the channel is made. Idempotent; a later call with options puts
   * them over those of the definition, for the channels made from then on.
   * @throws {RangeError} on options out of range, TypeError on others.
   */
  register(options?: ResolverOptions): void;
}

/**
 * Defines a resolver.
 * @example
 * const catalogue = defineResolver({
 *   scheme: 'catalogue',
 *   authority: ({ path }) => path,
 *   resolve: async ({ target, signal }) => ({ endpoints: await ask(target, signal) }),
 * });
 * catalogue.register();
 * @throws {TypeError} on a definition that lacks something or has other fields; {@link RangeError} on options out of range.
 */
export function defineResolver(definition: ResolverDefinition): Resolver {
  assertOptions(definition, 'defineResolver: its argument', [
    'scheme',
    'authority',
    'resolve',
    ...RESOLVER_OPTIONS,
  ]);
  const { scheme } = definition;
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    throw new TypeError(
      `defineResolver: scheme must be small letters, digits, "+", "-" and ".", a letter first, got ${show(scheme)}`,
    );
  }
  for (const name of ['authority', 'resolve'] as const) {
    if (typeof definition[name] !== 'function') {
      throw new TypeError(`defineResolver: ${name} must be a function, got ${show(definition[name])}`);
    }
  }
  checkOptions(definition);
  return {
    scheme,
    register: registration(scheme, (options: ResolverOptions = {}) => {
      assertOptions(options, `${scheme}: the options of register()`, RESOLVER_OPTIONS);
      return createResolverClass(definition, options);
    }),
  };
}

export function createResolverClass(
  definition: ResolverDefinition,
  over: ResolverOptions = {},
): ResolverClass {
  const { scheme } = definition;
  const options = checkOptions({ ...definition, ...over });
  const split = ({ authority = '', path }: experimental.GrpcUri): ResolverTarget => {
    return { scheme, authority, path };
  };
  const verified = (target: ResolverTarget): string => checkAuthority(definition.authority(target));
  return schemeResolver({
    name: scheme,
    tracer: options.tracer,
    parse: split,
    authority: (uri) => verified(split(uri)),
    open: (target, channel) => {
      try {
        verified(target);
      } catch (error) {
        const details = `${scheme}: authority() must return host[:port], which TLS verifies: ${messageOf(error)}`;
        return constant(unavailable(details), channel);
      }
      const trace = (text: () => string) => channel.trace?.(text());
      return new Polling(
        { resolve: (look) => definition.resolve({ ...look, target, trace }) },
        options,
        channel,
      );
    },
  });
}
