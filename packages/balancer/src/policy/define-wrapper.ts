/**
 * `defineWrapper`: a policy around another one. It may choose which endpoints the child policy gets, and look at each of
 * the child's picks. Child, config, states and errors are the machinery's.
 */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import type { ConfigOf, Fields, JsonOf } from '@petiole/service-config';
import { declareFields, isJson, policyList } from '@petiole/service-config/internal';
import { checkDefinition } from './definition-check.js';
import { type Policy, policyObject } from './policy-object.js';
import { type WrapperBehaviour, WrapperInstance } from './wrapper-instance.js';

type Policies = readonly LoadBalancingConfig[];

/** What a wrapper works with: its own fields, and the policies below, of which the first that is registered is used. */
type WrapperConfig<Declared extends Fields> = ConfigOf<Declared> & { readonly childPolicy: Policies };

/** What people write. */
type WrapperJson<Declared extends Fields> = JsonOf<Declared> & { readonly childPolicy?: Policies | null };

/**
 * What makes a wrapper. Its functions are called in the middle of changes of grpc-js's: they must not close a client, make
 * one, start an RPC, or hand a channel new endpoints.
 */
export interface WrapperDefinition<Declared extends Fields, Memory>
  extends WrapperBehaviour<WrapperConfig<Declared>, Memory> {
  /** Other names for the same policy: those of other gRPC languages. */
  readonly aliases?: readonly string[];
  /** The fields of its config beside `childPolicy`, which every wrapper has. Default: none. */
  readonly fields?: Declared;
  /** The policy below where the config names none. Default: the config must name one. */
  readonly childPolicy?: Policies;
  /** Throws an Error on a config whose fields are right one by one, but not together. */
  check?(config: WrapperConfig<Declared>): void;
}

/**
 * Defines a load-balancing policy around a child policy, which its config names in `childPolicy`.
 *
 * @example a policy that connects to the first three endpoints only
 * const firstThree = defineWrapper({
 *   name: 'first_three',
 *   childPolicy: [leastRequest()],
 *   select: (endpoints) => endpoints.slice(0, 3),
 * });
 */
export function defineWrapper<Declared extends Fields = Record<never, never>, Memory = undefined>(
  definition: WrapperDefinition<Declared, Memory>,
): Policy<WrapperJson<Declared>> {
  checkDefinition('defineWrapper', definition, ['check', 'createMemory', 'select', 'wrapPick']);
  const { name, aliases = [], childPolicy } = definition;
  const fields = { ...definition.fields, childPolicy: policyList({ default: childPolicy }) };
  const declared = declareFields(name, fields, (config) => {
    if (config.childPolicy === undefined)
      throw new RangeError(
        'childPolicy must be an array of policies such as [{"round_robin": {}}], got nothing',
      );
    definition.check?.(config as WrapperConfig<Declared>);
  });
  // The default is read as if it were given: what it names may not be registered, and only now is it time for that.
  const parse = (json: unknown) =>
    declared.parse(
      isJson(json) && childPolicy ? { ...json, childPolicy: json.childPolicy ?? childPolicy } : json,
    );
  return policyObject([name, ...aliases], WrapperInstance.bind(null, definition), { ...declared, parse });
}
