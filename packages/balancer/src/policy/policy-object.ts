/** What stands for a policy in a program: a function that writes its config, and that registers it. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { type DeclaredFields, lazily } from '@petiole/service-config/internal';
import { PolicyConfig } from './config.js';
import { type RegisterOptions, type Registration, registerPolicy } from './registry.js';

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

/**
 * @param names its name, and its aliases
 * @param policy of this definition alone: the registry tells definitions apart by it
 */
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

/**
 * A policy that is defined when it is called, registered, or asked for its name. So those that come with this package take no time
 * of a program that starts and uses one of them.
 */
export function whenUsed<Json extends object>(define: () => Policy<Json>): Policy<Json> {
  const policy = lazily(define);
  const write = (config?: Json) => policy()(config);
  const register = (options?: RegisterOptions): void => policy().register(options);
  return Object.defineProperty(Object.assign(write, { register }), 'name', { get: () => policy().name });
}
