/** Resolvers of a user's own: a scheme, what TLS verifies, and how to look; all else is done here. */
import type { experimental } from '@grpc/grpc-js';
import { messageOf, show, type Trace } from '@petiole/service-config/internal';
import { reconnectDelays } from '../grpc-js/channel-options.js';
import { type ResolverClass, takingOver } from '../grpc-js/registration.js';
import type { Delivery } from '../resolving/delivery.js';
import { constant, follow } from '../resolving/follower.js';
import {
  type CheckedOptions,
  checkOptions,
  RESOLVER_OPTIONS,
  type ResolverOptions,
} from '../resolving/options.js';
import { type Look, type Lookup, Polling } from '../resolving/polling.js';
import type { Resolution } from '../resolving/resolution.js';
import { unavailable } from '../resolving/source.js';
import { SharedWatch, type Watching } from '../resolving/watching.js';
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

/** What `resolve` is given. */
export interface ResolverLook extends Look, ResolverCall {}

/** What `watch` is given. */
export interface ResolverWatch extends Watching, ResolverCall {}

interface ResolverCall {
  /** A watch that is begun again is given the same object: what it is to remember may hang on it, in a WeakMap. */
  readonly target: ResolverTarget;
  /** Writes to the tracer of the options; the text is made only when that is on. */
  readonly trace: (text: () => string) => void;
}

/** What a resolver is made of: its scheme and its authority, and a function that looks or one that watches. */
export type ResolverDefinition = PollingDefinition | WatchingDefinition;

interface SchemeDefinition {
  /** The scheme of the targets, without the colon: small letters, digits, `+`, `-` and `.`, a letter first. */
  readonly scheme: string;
  /**
   * The name that TLS verifies, and the default `:authority` header: `host` or `host:port`. It is asked for with every
   * connection, so it should be cheap. Where it throws, or returns what no URL can hold, RPCs fail and say so.
   */
  authority(target: ResolverTarget): string;
}

/** A resolver that asks. */
export interface PollingDefinition extends SchemeDefinition, ResolverOptions {
  /**
   * Looks up the endpoints, or rejects with an Error whose message a person can act on.
   *
   * - It is called when the channel asks, but not more often than `grpc.dns_min_time_between_resolutions_ms`; every
   *   `refreshInterval`; and after a failure with the channel's back-off. Never twice at a time for a channel, unless
   *   it outlives its deadline; what it returns after that is dropped.
   * - A failure after a success keeps the last good answer; before any, RPCs fail with UNAVAILABLE and its message.
   */
  resolve(look: ResolverLook): Resolution | Promise<Resolution>;
  readonly watch?: never;
}

/** A resolver that is told. */
export interface WatchingDefinition extends SchemeDefinition, Omit<ResolverOptions, 'refreshInterval'> {
  /**
   * Watches the endpoints, and calls `update` with all of them whenever they change; the promise ends with the watch.
   *
   * - One watch serves all channels of the process that have the same target and the same delays between connection
   *   attempts. It begins when the first of them is used; its signal aborts when the last one is idle or closed.
   * - When it throws, returns, calls `fail`, or has not called `update` within `deadline`, its signal aborts, the last
   *   answer stays, and it is begun again after the channel's back-off, which begins anew after a watch that has lasted as
   *   long as was waited for it. Before any answer, RPCs fail with UNAVAILABLE and its message.
   */
  watch(watch: ResolverWatch): Promise<void>;
  readonly resolve?: never;
  readonly refreshInterval?: never;
}

/** A resolver of a user's own. */
export interface Resolver {
  readonly scheme: string;
  /**
   * Registers the scheme with grpc-js; call it before the channel is made. Idempotent; a later call with options puts
   * them over those of the definition, for the channels made from then on. It takes the scheme over from another
   * definition, as that of a module that a hot reload evaluates again, and from a scheme of this package.
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
  const given = (['resolve', 'watch'] as const).filter((name) => Object(definition)[name] !== undefined);
  const [call = 'resolve'] = given;
  const options = RESOLVER_OPTIONS.filter((name) => call === 'resolve' || name !== 'refreshInterval');
  const calls = given.length === 0 ? ['resolve', 'watch'] : [call];
  assertOptions(definition, 'defineResolver: its argument', ['scheme', 'authority', ...calls, ...options]);
  const { scheme } = definition;
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    throw new TypeError(
      `defineResolver: scheme must be small letters, digits, "+", "-" and ".", a letter first, got ${show(scheme)}`,
    );
  }
  for (const name of ['authority', call] as const) {
    if (typeof definition[name] !== 'function') {
      const either = name !== 'authority' && given.length === 0 ? 'resolve or watch' : name;
      throw new TypeError(`defineResolver: ${either} must be a function, got ${show(definition[name])}`);
    }
  }
  checkOptions(definition);
  return {
    scheme,
    register: takingOver(scheme, (over: ResolverOptions = {}) => {
      assertOptions(over, `${scheme}: the options of register()`, options);
      return createResolverClass(definition, over);
    }),
  };
}

export function createResolverClass(
  definition: ResolverDefinition,
  over: ResolverOptions = {},
): ResolverClass {
  const { scheme } = definition;
  const tracer = definition.watch === undefined ? 'polling_resolver' : 'watching_resolver';
  const options = checkOptions({ tracer, ...definition, ...over });
  const split = ({ authority = '', path }: experimental.GrpcUri): ResolverTarget => {
    return { scheme, authority, path };
  };
  const verified = (target: ResolverTarget): string => checkAuthority(definition.authority(target));
  const find = definition.watch === undefined ? polling(definition, options) : watching(definition, options);
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
      return find(target, channel);
    },
  });
}

type Find = (target: ResolverTarget, channel: Delivery) => experimental.Resolver;

function polling(definition: PollingDefinition, options: CheckedOptions): Find {
  return (target, channel) => {
    const trace = tracing(channel.trace);
    const lookup: Lookup = { resolve: (look) => definition.resolve({ ...look, target, trace }) };
    return new Polling(lookup, options, channel);
  };
}

function watching(definition: WatchingDefinition, options: CheckedOptions): Find {
  /** Those that channels follow now. */
  const shared = new Map<string, SharedWatch>();
  return (target, channel) => {
    const { shortTarget, trace, channelOptions } = channel;
    const delays = reconnectDelays(channelOptions);
    const key = JSON.stringify([target, delays]);
    const call = { target, trace: tracing(trace) };
    let followed = new SharedWatch({
      target: shortTarget,
      watch: async (watch) => {
        const ended: unknown = definition.watch({ ...watch, ...call });
        if (ended === undefined)
          throw new TypeError('watch() must return a promise, which ends with the watch');
        await ended;
      },
      options,
      delays,
      trace,
      ended: () => shared.delete(key),
    });
    return follow(() => {
      followed = shared.get(key) ?? followed;
      shared.set(key, followed);
      return followed;
    }, channel);
  };
}

function tracing(trace: Trace): ResolverCall['trace'] {
  return (text) => trace?.(text());
}
