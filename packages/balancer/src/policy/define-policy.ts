/**
 * `definePolicy`: a whole petiole policy (gRFC A61) from a name, the fields of
 * its config, and one function that answers "who gets the RPCs now?". Connections,
 * reconnection, re-resolution, health checking and states are the machinery's.
 */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import type { Fields, JsonOf } from '@petiole/service-config';
import { type DeclaredFields, declareFields } from '@petiole/service-config/internal';
import { PolicyConfig } from './config.js';
import { checkDefinition } from './definition-check.js';
import { PolicyInstance } from './instance.js';
import { type RegisterOptions, type Registration, registerPolicy } from './registry.js';
import type { PolicyDefinition } from './view.js';

/**
 * A policy that was defined with {@link definePolicy}. Called, it gives an entry for `loadBalancingConfig`:
 * `customRoundRobin({ repeatCount: 1 })` is `{ custom_round_robin: { repeatCount: 1 } }`.
 *
 * @throws RangeError that names the field, its value and what is allowed, where grpc-js would use `pick_first` in silence;
 *   TypeError on a misspelt field, which policies themselves must ignore
 */
export interface Policy<Json extends object = object> {
  (config?: Json): LoadBalancingConfig;
  readonly name: string;
  /** Registers the policy with grpc-js. Calling it again does nothing. */
  register(options?: RegisterOptions): void;
}

const OPTIONAL = ['check', 'createMemory', 'createData', 'onCallStarted', 'onCallEnded'];

/**
 * Defines a load-balancing policy that keeps one `pick_first` child per endpoint.
 *
 * @example a policy that sends all RPCs to the first READY endpoint
 * const firstReady = definePolicy({
 *   name: 'first_ready',
 *   createPicker: ([first]) => first && { pick: () => first.pickResult },
 * });
 * firstReady.register();
 */
export function definePolicy<
  Declared extends Fields = Record<never, never>,
  Memory = undefined,
  Data = undefined,
>(definition: PolicyDefinition<Declared, Memory, Data>): Policy<JsonOf<Declared>> {
  checkDefinition('definePolicy', definition, OPTIONAL, ['createPicker']);
  const { name, aliases = [], fields = {} as Declared } = definition;
  const declared = declareFields(name, fields, (config) => definition.check?.(config));

  class Instance extends PolicyInstance<Declared, Memory, Data> {
    constructor(helper: experimental.ChannelControlHelper) {
      super(helper, definition);
    }
  }

  return policyObject([name, ...aliases], Instance, declared);
}

/** What stands for a policy: a function that writes its config, with the first name, and how to register it. */
export function policyObject<Json extends object>(
  names: readonly string[],
  policy: Registration[0],
  declared: DeclaredFields,
): Policy<Json> {
  class Config extends PolicyConfig<unknown> {
    static createFromJson(json: unknown): Config {
      return new Config(names[0] as string, json, declared.parse);
    }
  }
  const write = (config: Json = {} as Json) => declared.write(config);
  const register = (options: RegisterOptions = {}): void => {
    for (const name of names) registerPolicy(name, options, policy, Config, declared);
  };
  return Object.defineProperty(Object.assign(write, { register }), 'name', { value: names[0] });
}
