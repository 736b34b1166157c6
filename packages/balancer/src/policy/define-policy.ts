/**
 * `definePolicy`: a whole petiole policy (gRFC A61) from a name, the fields of
 * its config, and one function that answers "who gets the RPCs now?". Connections,
 * reconnection, re-resolution, health checking and states are the machinery's.
 */
import type { experimental, LoadBalancingConfig } from '@grpc/grpc-js';
import type { ConfigOf, Fields, JsonOf } from '@petiole/service-config';
import { declareFields } from '@petiole/service-config/internal';
import { PolicyConfig } from './config.js';
import { checkDefinition } from './definition-check.js';
import { PolicyInstance } from './instance.js';
import { registerPolicy } from './registry.js';
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
  register(): void;
}

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
  checkDefinition(definition);
  const { name, aliases = [], fields = {} as Declared } = definition;
  const declared = declareFields(name, fields, (config) => definition.check?.(config));

  class Instance extends PolicyInstance<Declared, Memory, Data> {
    constructor(helper: experimental.ChannelControlHelper) {
      super(helper, definition);
    }
  }
  class Config extends PolicyConfig<ConfigOf<Declared>> {
    static createFromJson(json: unknown): Config {
      return new Config(name, json, declared.parse);
    }
  }

  const policy = (config: JsonOf<Declared> = {} as JsonOf<Declared>) => declared.write(config);
  return Object.defineProperty(
    Object.assign(policy, {
      register() {
        for (const each of [name, ...aliases]) registerPolicy(each, Instance, Config, declared);
      },
    }),
    'name',
    { value: name },
  );
}
