/**
 * `definePolicy`: a whole petiole policy (gRFC A61) from a name, a config parser
 * and one function that answers "who gets the RPCs now?". Connections,
 * reconnection, re-resolution, health checking and states are the machinery's.
 */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import { asJson, show } from '@petiole/service-config/internal';
import type { EndpointHooks, ShardedEndpoint } from '../endpoints/endpoint.js';
import { policyConfigType } from './config.js';
import { PolicyInstance } from './instance.js';
import { registerPolicy } from './registry.js';

/** What `update` knows. One object per policy instance: its fields are current whenever they are read. */
export interface PolicyView<Config, Memory, Data> {
  /** What `parseConfig` made of the newest valid config. */
  readonly config: Config;
  /** What `createMemory` made for this policy instance. */
  readonly memory: Memory;
  /** All endpoints in the resolver's order, each once. */
  readonly endpoints: readonly ShardedEndpoint<Data>[];
  /** How many endpoints are READY; costs nothing. */
  readonly readyCount: number;
  /**
   * Milliseconds since this policy instance was given its first endpoints. While a {@link wakeAfter} is pending, a stall
   * of the event loop counts for at most a sixteenth of it: connections that were made meanwhile are heard of first.
   */
  readonly elapsedMs: number;
  /** The READY endpoints in the resolver's order: the same array until an endpoint enters or leaves. */
  ready(): readonly ShardedEndpoint<Data>[];
  /**
   * Has `update` called again after so many milliseconds, or earlier, even if nothing happens until then. They count while
   * the event loop turns, as `elapsedMs` does.
   */
  wakeAfter(ms: number): void;
}

/**
 * What makes a policy. All of its functions are called in the middle of changes of grpc-js's: they must not close a client,
 * make one, start an RPC, or hand a channel new endpoints. `setImmediate` puts that off; events come when it is safe.
 */
export interface PolicyDefinition<Config, Memory, Data> extends EndpointHooks<Data> {
  /** The key under `loadBalancingConfig`, in lower_snake_case. A name that grpc-js uses itself is refused. */
  readonly name: string;
  /** Other names for the same policy: those of other gRPC languages, so that one service config serves all. */
  readonly aliases?: readonly string[];
  /**
   * Reads the policy's JSON config: always an object, `{}` if none was given. Throw an Error that names the
   * field, the value and what is allowed; unknown fields must be ignored (gRFC A24).
   */
  parseConfig(json: Readonly<Record<string, unknown>>): Config;
  /** Makes what one policy instance remembers from one `update` to the next. */
  createMemory?(): Memory;
  /**
   * Called whenever an endpoint changes its state, and when the list or the config changes. Returns the picker
   * that READY is published with, or undefined: then the policy is in TRANSIENT_FAILURE if all endpoints are,
   * else CONNECTING. Return the previous picker to publish nothing new; RPCs that wait on it are picked again.
   */
  update(view: PolicyView<Config, Memory, Data>): experimental.Picker | undefined;
}

/** A policy that was defined with {@link definePolicy}. */
export interface Policy<Json extends object = Record<string, unknown>> {
  readonly name: string;
  /** Registers the policy with grpc-js. Calling it again does nothing. */
  register(): void;
  /**
   * An entry for `loadBalancingConfig`, e.g. `{ custom_round_robin: { repeatCount: 3 } }`.
   *
   * @throws TypeError or RangeError as `parseConfig` does, where grpc-js would use `pick_first` in silence; TypeError on
   *   a misspelt field, which policies themselves must ignore
   */
  config(json?: Json): LoadBalancingConfig;
}

/**
 * Defines a load-balancing policy that keeps one `pick_first` child per endpoint.
 *
 * @example a policy that sends all RPCs to the first READY endpoint
 * const firstReady = definePolicy({
 *   name: 'first_ready',
 *   parseConfig: () => ({}),
 *   update: ({ ready }) => {
 *     const [first] = ready();
 *     return first && { pick: () => first.pickResult };
 *   },
 * });
 * firstReady.register();
 */
export function definePolicy<
  Config,
  Memory = undefined,
  Data = undefined,
  Json extends object = Record<string, unknown>,
>(definition: PolicyDefinition<Config, Memory, Data>): Policy<Json> {
  checkDefinition(definition);
  const { name } = definition;
  const ConfigType = policyConfigType(name, (json) => definition.parseConfig(json));

  class PetiolePolicy extends PolicyInstance<Config, Memory, Data> {
    constructor(helper: experimental.ChannelControlHelper) {
      super(helper, definition);
    }
  }

  return {
    name,
    register() {
      for (const each of [name, ...(definition.aliases ?? [])])
        registerPolicy(each, PetiolePolicy, ConfigType);
    },
    config(json = {} as Json) {
      const { error, unreadFields } = ConfigType.createFromJson(json);
      if (error !== undefined) throw error;
      const misspelt = unreadFields().find(({ meant }) => meant !== undefined);
      if (misspelt !== undefined) {
        throw new TypeError(
          `${name}: ${misspelt.field} is no field of its config: did you mean ${show(misspelt.meant)}?`,
        );
      }
      // As grpc-js will be given it: what JSON drops or cannot hold would be the default without a word.
      const { error: inJson } = ConfigType.createFromJson(asJson(json, `${name}: config`));
      if (inJson !== undefined) throw inJson;
      return { [name]: json };
    },
  };
}

/** TypeScript finds these in the editor; JavaScript would find them in the first RPC. */
function checkDefinition(definition: unknown): void {
  if (typeof definition !== 'object' || definition === null) {
    throw new TypeError(
      `definePolicy: must be given an object with name, parseConfig and update, got ${show(definition)}`,
    );
  }
  const parts = definition as Record<string, unknown>;
  const { name } = parts;
  if (!isPolicyName(name)) {
    throw new TypeError(`definePolicy: name must be in lower_snake_case, got ${show(name)}`);
  }
  const { aliases = [] } = parts;
  if (!Array.isArray(aliases) || !aliases.every(isPolicyName)) {
    throw new TypeError(
      `definePolicy: aliases of ${name} must be an array of names in lower_snake_case, got ${show(aliases)}`,
    );
  }
  for (const part of ['parseConfig', 'update']) {
    if (typeof parts[part] === 'function') continue;
    throw new TypeError(`definePolicy: ${part} of ${name} must be a function, got ${show(parts[part])}`);
  }
  for (const part of ['createMemory', 'createData', 'onCallStarted', 'onCallEnded']) {
    if (parts[part] === undefined || typeof parts[part] === 'function') continue;
    throw new TypeError(
      `definePolicy: ${part} of ${name} must be a function or absent, got ${show(parts[part])}`,
    );
  }
}

function isPolicyName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z][a-z0-9_]*$/.test(name);
}
