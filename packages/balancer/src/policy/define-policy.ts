/**
 * `definePolicy`: a whole petiole policy (gRFC A61) from a name, the fields of
 * its config, and one function that answers "who gets the RPCs now?". Connections,
 * reconnection, re-resolution, health checking and states are the machinery's.
 */
import type { Fields, JsonOf } from '@petiole/service-config';
import { declareFields, show } from '@petiole/service-config/internal';
import { checkDefinition } from './definition-check.js';
import { firstEditionPolicy, isFirstEdition } from './first-edition.js';
import { PolicyInstance } from './instance.js';
import { type Policy, policyObject } from './policy-object.js';
import type { PolicyDefinition } from './view.js';

const OPTIONAL = [
  'check',
  'createMemory',
  'createData',
  'select',
  'state',
  'waits',
  'onCallStarted',
  'onCallEnded',
];

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
  if (isFirstEdition(definition)) return firstEditionPolicy(definition);
  checkDefinition('definePolicy', definition, OPTIONAL, ['createPicker']);
  const { connect = 'at once' } = definition;
  if (connect !== 'at once' && connect !== 'when asked')
    throw new TypeError(
      `definePolicy: connect of ${definition.name} must be "at once" or "when asked", got ${show(connect)}`,
    );
  const { name, aliases = [], fields = {} as Declared } = definition;
  const declared = declareFields(name, fields, (config) => definition.check?.(config));
  const Instance = PolicyInstance<Declared, Memory, Data>;
  return policyObject([name, ...aliases], Instance.bind(null, definition), declared);
}
